# The image of every role: `docker run IMAGE gateway`. It runs as user 1000, needs no shell and writes
# nothing to its root file system.
#
# Debian 13 because uWebSockets.js' binary for Node 24 needs glibc 2.38.
ARG BASE=docker.io/library/node:24.21.0-trixie-slim

FROM ${BASE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# A registry that asks for credentials: --secret id=npmrc,src=$HOME/.npmrc; behind a proxy with an
# authority of its own: --secret id=ca,src=FILE.pem
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    --mount=type=secret,id=ca,target=/run/secrets/ca.pem \
    --mount=type=cache,target=/root/.npm \
    NODE_EXTRA_CA_CERTS=/run/secrets/ca.pem npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json tsconfig.client.json ./
COPY scripts ./scripts
COPY src ./src
# The permissions of the checkout (its umask) must not decide who can read the program.
RUN node scripts/build.mjs \
    && npm prune --omit=dev --ignore-scripts \
    && node scripts/image/prune.mjs node_modules \
    && chmod -R u=rwX,go=rX package.json node_modules dist

FROM ${BASE}
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="candlegate" \
      org.opencontainers.image.description="Streams Bybit candles through Redis to any number of authenticated WebSocket clients" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# What is published of the container decides who reaches the public port; the admin port stays on
# loopback until it is told otherwise.
#
# Node's young generation grows to 48 MB in a storm of handshakes and stays there: docs/decisions/0031.
ENV NODE_ENV=production \
    NODE_OPTIONS=--max-semi-space-size=4 \
    CANDLEGATE_HOST=0.0.0.0
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
USER 1000:1000
EXPOSE 8000 9464
STOPSIGNAL SIGTERM
# Asks /livez of the admin port.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["/usr/local/bin/node", "/app/dist/cli.js", "health"]
ENTRYPOINT ["/usr/local/bin/node", "/app/dist/cli.js"]
CMD ["standalone"]
