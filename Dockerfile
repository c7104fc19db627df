# dm-worker, dmctl and dm-master in one image.
FROM node:20-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:20-slim
ENV NODE_ENV=production
WORKDIR /app
# The Temporal SDK verifies TLS certificates of Temporal Cloud with the system's authorities.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
RUN for bin in dmctl dm-worker dm-master; do \
      printf '#!/bin/sh\nexec node /app/dist/cli/%s.js "$@"\n' "$bin" > "/usr/local/bin/$bin" && chmod +x "/usr/local/bin/$bin"; \
    done \
  && mkdir -p /data /secrets && chown node:node /data /secrets
USER node
CMD ["dmctl", "--help"]
