#!/bin/sh
# What REST can tell, with curl: CANDLEGATE_TOKEN=… sh rest.sh
set -eu
gateway=${CANDLEGATE_URL:-http://127.0.0.1:8000}

# Is it fine? Needs no token.
curl --silent --show-error --fail "$gateway/api/v1/live/health"
echo
# Which channels are there?
curl --silent --show-error --fail --header "Authorization: Bearer $CANDLEGATE_TOKEN" \
  "$gateway/api/v1/live/channels"
echo
# The last three closed candles, and the open one.
curl --silent --show-error --fail --header "Authorization: Bearer $CANDLEGATE_TOKEN" \
  "$gateway/api/v1/candles/BTCUSDT/1m?limit=3"
echo
# A ticket for a page, which can set no header on a WebSocket.
curl --silent --show-error --fail --request POST \
  --header "Authorization: Bearer $CANDLEGATE_TOKEN" "$gateway/api/v1/auth/ticket"
echo
