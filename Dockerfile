# syntax=docker/dockerfile:1
# One image with both programs, for people with docker:
#   docker buildx build --platform linux/amd64,linux/arm64 --build-arg VERSION=v1.2.3 -t registry.example.com/starling:v1.2.3 --push .
# `make image` makes one without docker.

# The compiler runs on the builder's own platform and cross-compiles.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS TARGETARCH VERSION=
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -buildvcs=false \
    -ldflags "-s -w ${VERSION:+-X github.com/starling-realtime/starling/gateway/buildinfo.version=$VERSION}" \
    -o /out/ ./cmd/starling ./cmd/starling-operator

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/starling /out/starling-operator /usr/local/bin/
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/starling"]
LABEL org.opencontainers.image.title="Starling" \
      org.opencontainers.image.licenses="Apache-2.0"
