#!/bin/sh
# Regenerates the code of the contract with the generator pinned in tools/go.mod: models and client once,
# and one strict echo server per capability, so that a house implements a capability by one interface.
set -eu
cd "$(dirname "$0")"
gen=${OAPI_CODEGEN:-"go tool -modfile=../tools/go.mod oapi-codegen"}
$gen -config codegen/shop.yaml shop.yaml
$gen -config codegen/internal.yaml internal.yaml
server() { # server SPEC TAG PACKAGE MODELS
	mkdir -p "$4/$3"
	printf 'package: %s\noutput: %s/%s/%s.gen.go\ngenerate: {echo-server: true, strict-server: true}\noutput-options: {include-tags: [%s], skip-prune: true}\nadditional-imports: [{alias: ., package: figlab/api/%s}]\n' \
		"$3" "$4" "$3" "$3" "$2" "$4" >codegen/.server.yaml
	$gen -config codegen/.server.yaml "$1"
	rm -f codegen/.server.yaml
}
for tag in user search catalog cart wishlist ordertaking orderprocessing payment logistics warehouse notification recommendation; do
	server shop.yaml "$tag" "${tag}api" shopapi
done
for tag in feed strangler audit provider carrier products carts reservations till dispatch calls deadletters keys; do
	server internal.yaml "$tag" "${tag}api" internalapi
done
