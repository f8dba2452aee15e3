// Reads vectors.json with the code that protoc-gen-go generates, and compares with the JSON form.
// Written from candlegate.proto alone: what a client in Go would do. Usage: vectors FILE.
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	pb "candlegate.example/vectors/candlegatev1"
)

const minuteMs = 60_000

type object = map[string]any

type vector struct {
	Name string          `json:"name"`
	From string          `json:"from"`
	Hex  string          `json:"hex"`
	JSON json.RawMessage `json:"json"`
}

type aliased struct{ channel, epoch string }

// connection is what one connection has been told; it reads its messages in order.
type connection struct{ aliases map[uint32]aliased }

func nextStart(interval string, start int64) int64 {
	switch interval {
	case "M":
		return time.UnixMilli(start).UTC().AddDate(0, 1, 0).UnixMilli()
	case "W":
		return start + 7*24*60*minuteMs
	case "D":
		return start + 24*60*minuteMs
	}
	minutes, err := strconv.ParseInt(interval, 10, 64)
	if err != nil {
		panic(err)
	}
	return start + minutes*minuteMs
}

func spell(mantissa int64, scale uint32) string {
	sign := ""
	if mantissa < 0 {
		sign, mantissa = "-", -mantissa
	}
	digits := strconv.FormatInt(mantissa, 10)
	if missing := int(scale) + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - int(scale)
	fraction := strings.TrimRight(digits[point:], "0")
	if fraction == "" {
		return sign + digits[:point]
	}
	return sign + digits[:point] + "." + fraction
}

func respell(candle object, spelling *pb.Spelling) {
	if spelling == nil {
		return
	}
	for name, value := range map[string]*string{
		"open": spelling.Open, "high": spelling.High, "low": spelling.Low, "close": spelling.Close,
		"volume": spelling.Volume, "turnover": spelling.Turnover,
	} {
		if value != nil {
			candle[name] = *value
		}
	}
}

func candleOf(start, end int64, prices [4]int64, volume, turnover uint64, scales uint32, confirm bool) object {
	price, volumes, turnovers := scales&15, scales>>4&15, scales>>8&15
	return object{
		"start": start, "end": end,
		"open": spell(prices[0], price), "high": spell(prices[1], price),
		"low": spell(prices[2], price), "close": spell(prices[3], price),
		"volume": spell(int64(volume), volumes), "turnover": spell(int64(turnover), turnovers),
		"confirm": confirm,
	}
}

func source(value pb.Source) string {
	return strings.ToLower(strings.TrimPrefix(value.String(), "SOURCE_"))
}

func (c *connection) learn(alias uint32, channel, epoch string) {
	if alias != 0 && epoch != "" {
		c.aliases[alias] = aliased{channel, epoch}
	}
}

func (c *connection) candle(body *pb.Candle) object {
	if body.Channel != "" {
		c.learn(body.Alias, body.Channel, body.Epoch)
	}
	known := c.aliases[body.Alias]
	parts := strings.Split(known.channel, ":")
	start := int64(body.StartMs)
	if start == 0 {
		start = int64(body.StartMinutes) * minuteMs
	}
	end := nextStart(parts[2], start) - 1
	if body.EndMs != nil {
		end = int64(*body.EndMs)
	}
	v := body.Values
	prices := [4]int64{v[0], v[0] + v[1], v[0] + v[2], v[0] + v[3]}
	candle := candleOf(start, end, prices, uint64(v[4]), uint64(v[5]), body.Scales, body.Confirm)
	respell(candle, body.Spelling)
	fields := object{
		"type": "candle", "channel": known.channel, "symbol": parts[1], "interval": parts[2],
		"epoch": known.epoch, "offset": body.Offset, "source": source(body.Source),
		"candle": candle, "times": times(start, body),
	}
	switch previous := body.Previous.(type) {
	case *pb.Candle_PreviousMs:
		fields["previous"] = previous.PreviousMs
	case *pb.Candle_PreviousUnknown:
		fields["previous"] = nil
	}
	if body.Backfill {
		fields["backfill"] = true
	}
	if body.Traceparent != "" {
		fields["traceparent"] = body.Traceparent
	}
	return fields
}

func times(start int64, body *pb.Candle) object {
	if exact := body.ExactTimes; len(exact) > 0 {
		return object{"exchange": exact[0], "ingest": exact[1], "published": exact[2], "gateway": exact[3]}
	}
	exchange := start + body.Times[0]
	ingest := exchange*1000 + body.Times[1]
	published := ingest + body.Times[2]
	gateway := published + body.Times[3]
	return object{
		"exchange": exchange, "ingest": float64(ingest) / 1000,
		"published": float64(published) / 1000, "gateway": float64(gateway) / 1000,
	}
}

func (c *connection) snapshot(body *pb.Snapshot) object {
	c.learn(body.Alias, body.Channel, body.Epoch)
	fields := object{
		"type": "snapshot", "channel": body.Channel, "epoch": body.Epoch, "offset": body.Offset,
		"source": source(body.Source), "candles": columns(body.Candles, strings.Split(body.Channel, ":")[2]),
	}
	if body.Replay {
		fields["replay"] = true
	}
	if body.More {
		fields["more"] = true
	}
	return fields
}

func columns(columns *pb.CandleColumns, interval string) []object {
	candles := []object{}
	unconfirmed := map[uint32]bool{}
	for _, index := range columns.GetUnconfirmed() {
		unconfirmed[index] = true
	}
	closing := int64(0)
	start := int64(columns.GetFirstStartMinutes()) * minuteMs
	for index, step := range columns.GetOpen() {
		if len(columns.StartsMs) > 0 {
			start = int64(columns.StartsMs[index])
		} else if index > 0 {
			start = nextStart(interval, start)
			if len(columns.StartJumps) > 0 {
				start += columns.StartJumps[index-1] * minuteMs
			}
		}
		end := nextStart(interval, start) - 1
		if len(columns.EndsMs) > 0 {
			end = int64(columns.EndsMs[index])
		}
		opening := closing + step
		closing = opening + columns.Close[index]
		prices := [4]int64{opening, opening + columns.High[index], opening + columns.Low[index], closing}
		confirm := !unconfirmed[uint32(index)]
		candles = append(candles, candleOf(start, end, prices, columns.Volume[index], columns.Turnover[index], columns.Scales, confirm))
	}
	for _, spelled := range columns.GetSpelled() {
		respell(candles[spelled.Index], spelled.Spelling)
	}
	return candles
}

func (c *connection) heads(heads []*pb.ChannelHead) []object {
	result := []object{}
	for _, head := range heads {
		c.learn(head.Alias, head.Channel, head.GetEpoch())
		fields := object{
			"channel": head.Channel, "epoch": nil, "offset": head.Offset, "lastClosed": nil,
			"state": strings.ToLower(strings.TrimPrefix(head.State.String(), "FEED_STATE_")),
		}
		if head.Epoch != nil {
			fields["epoch"] = *head.Epoch
		}
		if head.LastClosed != nil {
			fields["lastClosed"] = *head.LastClosed
		}
		if head.Recovered != nil {
			fields["recovered"] = *head.Recovered
		}
		result = append(result, fields)
	}
	return result
}

func withID(fields object, id *string) object {
	if id != nil {
		fields["id"] = *id
	}
	return fields
}

func (c *connection) read(data []byte) (object, error) {
	var message pb.ServerMessage
	if err := proto.Unmarshal(data, &message); err != nil {
		return nil, err
	}
	switch body := message.Body.(type) {
	case *pb.ServerMessage_Candle:
		return c.candle(body.Candle), nil
	case *pb.ServerMessage_Snapshot:
		return c.snapshot(body.Snapshot), nil
	case *pb.ServerMessage_Heartbeat:
		m := body.Heartbeat
		return object{"type": "heartbeat", "time": m.Time, "source": source(m.Source), "channels": c.heads(m.Channels)}, nil
	case *pb.ServerMessage_Welcome:
		m := body.Welcome
		return object{
			"type": "welcome", "protocol": m.Protocol, "connection": m.Connection, "gateway": m.Gateway,
			"source": source(m.Source), "time": m.Time, "heartbeatMs": m.HeartbeatMs, "expiresAt": m.ExpiresAt,
			"limits": object{"subscriptions": m.Limits.GetSubscriptions(), "messageBytes": m.Limits.GetMessageBytes(), "messagesPerSecond": m.Limits.GetMessagesPerSecond(), "connections": m.Limits.GetConnections(), "requestsPerMinute": m.Limits.GetRequestsPerMinute()},
		}, nil
	case *pb.ServerMessage_Subscribed:
		m := body.Subscribed
		return withID(object{"type": "subscribed", "source": source(m.Source), "channels": c.heads(m.Channels)}, m.Id), nil
	case *pb.ServerMessage_Unsubscribed:
		m := body.Unsubscribed
		return withID(object{"type": "unsubscribed", "channels": m.Channels}, m.Id), nil
	case *pb.ServerMessage_Pong:
		return withID(object{"type": "pong", "time": body.Pong.Time}, body.Pong.Id), nil
	case *pb.ServerMessage_Authenticated:
		m := body.Authenticated
		return withID(object{"type": "authenticated", "expiresAt": m.ExpiresAt}, m.Id), nil
	case *pb.ServerMessage_Error:
		m := body.Error
		fields := object{"type": "error", "code": m.Code, "message": m.Message}
		if m.Channel != nil {
			fields["channel"] = *m.Channel
		}
		return withID(fields, m.Id), nil
	case *pb.ServerMessage_TokenExpiring:
		return object{"type": "token_expiring", "expiresAt": body.TokenExpiring.ExpiresAt}, nil
	case *pb.ServerMessage_GoingAway:
		return object{"type": "going_away", "reconnectDelayMs": body.GoingAway.ReconnectDelayMs}, nil
	}
	return nil, fmt.Errorf("no body that is known")
}

type clientFields struct {
	Type     string            `json:"type"`
	ID       *string           `json:"id"`
	Channels []string          `json:"channels"`
	Snapshot *uint32           `json:"snapshot"`
	Since    map[string]uint64 `json:"since"`
	Token    string            `json:"token"`

	Channel     string  `json:"channel"`
	Epoch       string  `json:"epoch"`
	Offset      uint64  `json:"offset"`
	Received    float64 `json:"received"`
	ClockOffset float64 `json:"clockOffset"`
	ClockError  float64 `json:"clockError"`
}

// clientMessage is what a client in Go would send for a message in its JSON form.
func clientMessage(text []byte) ([]byte, error) {
	var fields clientFields
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	message := &pb.ClientMessage{Id: fields.ID}
	switch fields.Type {
	case "subscribe":
		message.Body = &pb.ClientMessage_Subscribe{Subscribe: &pb.Subscribe{
			Channels: fields.Channels, Snapshot: fields.Snapshot, Since: fields.Since,
		}}
	case "unsubscribe":
		message.Body = &pb.ClientMessage_Unsubscribe{Unsubscribe: &pb.Unsubscribe{Channels: fields.Channels}}
	case "ping":
		message.Body = &pb.ClientMessage_Ping{Ping: &pb.Ping{}}
	case "receipt":
		message.Body = &pb.ClientMessage_Receipt{Receipt: &pb.Receipt{
			Channel: fields.Channel, Epoch: fields.Epoch, Offset: fields.Offset,
			Received: fields.Received, ClockOffset: fields.ClockOffset, ClockError: fields.ClockError,
		}}
	case "auth":
		message.Body = &pb.ClientMessage_Auth{Auth: &pb.Auth{Token: fields.Token}}
	default:
		return nil, fmt.Errorf("a message of type %s has no place here", fields.Type)
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(message)
}

// plain is a value as encoding/json reads it, so that numbers compare as numbers.
func plain(value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	var result any
	if err := json.Unmarshal(text, &result); err != nil {
		panic(err)
	}
	return result
}

func check(c *connection, each vector) error {
	data, err := hex.DecodeString(each.Hex)
	if err != nil {
		return err
	}
	if each.From == "client" {
		got, err := clientMessage(each.JSON)
		if err == nil && hex.EncodeToString(got) != each.Hex {
			return fmt.Errorf("got %x, expected %s", got, each.Hex)
		}
		return err
	}
	got, err := c.read(data)
	if err != nil {
		return err
	}
	if expected := plain(each.JSON); !reflect.DeepEqual(plain(got), expected) {
		return fmt.Errorf("got %v, expected %v", plain(got), expected)
	}
	return nil
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	var vectors []vector
	if err := json.Unmarshal(text, &vectors); err != nil {
		panic(err)
	}
	c := &connection{aliases: map[uint32]aliased{}}
	failures := 0
	for _, each := range vectors {
		if err := check(c, each); err != nil {
			failures++
			fmt.Fprintf(os.Stderr, "%s: %v\n", each.Name, err)
		}
	}
	fmt.Printf("Go: %d of %d vectors agree\n", len(vectors)-failures, len(vectors))
	if failures > 0 {
		os.Exit(1)
	}
}
