# The image: one static program in an otherwise empty file system.
#
#   docker build --tag intermission .
#   docker run -e INTERMISSION_UPSTREAM=http://app:3000 -e INTERMISSION_NAME="My shop" \
#       -p 80:8080 intermission
#
# Whoever has the program already, or builds it elsewhere, puts a directory in the place of the
# first stage (out/intermission, out/empty/, etc/ssl/certs/ca-certificates.crt). The tests do:
#
#   docker buildx build --build-context builder=DIRECTORY .

FROM rust:1.95-bookworm AS builder
WORKDIR /src
# What others wrote changes seldom: compiled before our own files come, it stays in the cache, and
# a change to the code costs what `cargo build` costs.
COPY .cargo .cargo
COPY Cargo.toml Cargo.lock ./
COPY deploy/build deploy/build
RUN mkdir src && touch src/lib.rs && echo 'fn main() {}' >src/main.rs && deploy/build
COPY src src
COPY templates templates
# Touched, because files may be older than what was built of the empty ones.
RUN touch src/lib.rs src/main.rs && mkdir -p /out/empty && \
    install -m 0755 "$(deploy/build)" /out/intermission

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="Intermission" \
    org.opencontainers.image.description="A reverse proxy that answers for your site when it cannot" \
    org.opencontainers.image.licenses="MIT OR Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.source="${SOURCE}"
COPY deploy/passwd /etc/passwd
# Roots are compiled in; these are for `ca_file` and for whatever else is put into the image.
COPY --from=builder /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=builder --chown=65532:65532 /out/empty/ /etc/intermission/
COPY --from=builder --chown=65532:65532 /out/empty/ /var/lib/intermission/
COPY --from=builder /out/intermission /usr/local/bin/intermission
# Nothing else is ever written. Configuration is mounted over, or copied to, /etc/intermission.
VOLUME ["/var/lib/intermission"]
ENV PATH=/usr/local/bin
USER 65532:65532
# Clients, clients over TLS, and health and metrics. The last are served on loopback, inside the
# container, unless INTERMISSION_ADMIN says otherwise.
EXPOSE 8080 8443 9090
STOPSIGNAL SIGTERM
# Asks this process and never the application: a platform that takes unhealthy containers away
# would take the page away with the application.
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["intermission", "healthcheck"]
ENTRYPOINT ["intermission"]
CMD ["run"]
