package main

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/starling-realtime/starling/internal/bench"
	"github.com/starling-realtime/starling/internal/bench/dialect"
)

// A benchScenario is one subcommand: its flags, and the scenario that they make.
type benchScenario struct {
	name, short string
	bind        func(*pflag.FlagSet)
	make        func() (bench.Scenario, error)
}

func benchScenarios() []benchScenario {
	return []benchScenario{benchFanout(), benchRooms(), benchIdle(), benchJoinStorm(), benchReconnectStorm(), benchPresence(), benchMesh()}
}

const (
	rateUsage    = "publishes a second, all together; 0: as many as the gateways take"
	payloadUsage = "size of a publish's payload in bytes"
)

func benchFanout() benchScenario {
	subscribers, publishers, stalled, rate, payload := 1000, 1, 0, 30.0, 200
	return benchScenario{
		name: "fanout", short: "One channel with many subscribers",
		bind: func(fs *pflag.FlagSet) {
			fs.IntVar(&subscribers, "subscribers", subscribers, "connections that receive")
			fs.IntVar(&publishers, "publishers", publishers, "connections that publish")
			fs.IntVar(&stalled, "stalled", stalled, "how many of the subscribers do not read")
			fs.Float64Var(&rate, "rate", rate, rateUsage)
			fs.IntVar(&payload, "payload", payload, payloadUsage)
		},
		make: func() (bench.Scenario, error) {
			return bench.Fanout(subscribers, publishers, stalled, rate, payload), first(
				atLeast("subscribers", subscribers, 1), atLeast("publishers", publishers, 1),
				between("stalled", stalled, 0, subscribers-1), traffic(rate, payload))
		},
	}
}

func benchRooms() benchScenario {
	channels, members, connections, rate, payload := 10_000, 10, 10_000, 5000.0, 200
	return benchScenario{
		name: "rooms", short: "Many small channels whose members publish",
		bind: func(fs *pflag.FlagSet) {
			fs.IntVar(&channels, "channels", channels, "channels")
			fs.IntVar(&members, "members", members, "connections in each channel")
			fs.IntVar(&connections, "connections", connections, "connections, each in channels x members / connections channels")
			fs.Float64Var(&rate, "rate", rate, rateUsage)
			fs.IntVar(&payload, "payload", payload, payloadUsage)
		},
		make: func() (bench.Scenario, error) {
			err := first(atLeast("channels", channels, 1), atLeast("members", members, 1), atLeast("connections", connections, members),
				traffic(rate, payload))
			if err == nil && (channels*members%connections != 0 || channels*members < connections) {
				err = fmt.Errorf("--channels x --members is %d, must be a multiple of --connections, %d", channels*members, connections)
			}
			if err != nil {
				return bench.Scenario{}, err
			}
			return bench.Rooms(channels, members, connections, rate, payload), nil
		},
	}
}

func benchIdle() benchScenario {
	connections, channels, settle, afterGC := 20_000, 2000, 10*time.Second, false
	return benchScenario{
		name: "idle", short: "Connections that only hear of each other's presence",
		bind: func(fs *pflag.FlagSet) {
			fs.IntVar(&connections, "connections", connections, "connections")
			fs.IntVar(&channels, "channels", channels, "channels that they are spread over, one each")
			fs.DurationVar(&settle, "settle", settle, "time before memory is looked at")
			fs.BoolVar(&afterGC, "after-gc", afterGC, "also look at it after the gateways have collected garbage, within 150 s")
		},
		make: func() (bench.Scenario, error) {
			return bench.Idle(connections, channels, settle, afterGC), first(
				atLeast("connections", connections, 1), atLeast("channels", channels, 1))
		},
	}
}

func benchJoinStorm() benchScenario {
	connections, channels, atOnce, rate := 10_000, 1000, 128, 0.0
	return benchScenario{
		name: "join-storm", short: "Connections that all come at once",
		bind: func(fs *pflag.FlagSet) {
			fs.IntVar(&connections, "connections", connections, "connections")
			fs.IntVar(&channels, "channels", channels, "channels that they are spread over, one each")
			fs.Float64Var(&rate, "rate", rate, "connections a second; 0: as fast as --at-once get in")
			fs.IntVar(&atOnce, "at-once", atOnce, "connections that are being opened at a time, when there is no --rate")
		},
		make: func() (bench.Scenario, error) {
			return bench.JoinStorm(connections, channels, atOnce, rate), first(
				atLeast("connections", connections, 1), atLeast("channels", channels, 1), atLeast("at-once", atOnce, 1), notNegative(rate))
		},
	}
}

func benchReconnectStorm() benchScenario {
	connections, channels, spread := 5000, 500, 2*time.Second
	return benchScenario{
		name: "reconnect-storm", short: "Connections that all break at once and come back",
		bind: func(fs *pflag.FlagSet) {
			fs.IntVar(&connections, "connections", connections, "connections")
			fs.IntVar(&channels, "channels", channels, "channels that they are spread over, one each")
			fs.DurationVar(&spread, "spread", spread, "each comes back at a random time within this")
		},
		make: func() (bench.Scenario, error) {
			return bench.ReconnectStorm(connections, channels, spread), first(
				atLeast("connections", connections, 1), atLeast("channels", channels, 1), between("spread", int(spread), 1, int(time.Minute)))
		},
	}
}

func benchPresence() benchScenario {
	entries, channels, connections := 200_000, 20_000, 4000
	return benchScenario{
		name: "presence", short: "Many presence entries on one gateway, and what they cost another",
		bind: func(fs *pflag.FlagSet) {
			fs.IntVar(&entries, "entries", entries, "pairs of a channel and a member in it")
			fs.IntVar(&channels, "channels", channels, "channels")
			fs.IntVar(&connections, "connections", connections, "connections, each a member of entries / connections channels")
		},
		make: func() (bench.Scenario, error) {
			err := first(atLeast("entries", entries, 1), atLeast("channels", channels, 1), atLeast("connections", connections, 1))
			if err == nil && entries%connections != 0 {
				err = fmt.Errorf("--entries is %d, must be a multiple of --connections, %d", entries, connections)
			}
			if err == nil && entries/connections > channels {
				err = fmt.Errorf("--channels is %d, must be at least --entries / --connections, %d", channels, entries/connections)
			}
			if err != nil {
				return bench.Scenario{}, err
			}
			return bench.Presence(entries, channels, connections), nil
		},
	}
}

func benchMesh() benchScenario {
	channels, subscribers, rate, payload, joins := 100, 10, 1000.0, 200, 0.0
	return benchScenario{
		name: "mesh", short: "Publishes, or joins, on one gateway that clients of others see",
		bind: func(fs *pflag.FlagSet) {
			fs.IntVar(&channels, "channels", channels, "channels")
			fs.IntVar(&subscribers, "subscribers", subscribers, "subscribers of each channel, on the other gateways")
			fs.Float64Var(&rate, "rate", rate, rateUsage)
			fs.IntVar(&payload, "payload", payload, payloadUsage)
			fs.Float64Var(&joins, "joins", joins, "joins a second instead of publishes, one member for each channel, seen by one connection each")
		},
		make: func() (bench.Scenario, error) {
			err := first(atLeast("channels", channels, 1), atLeast("subscribers", subscribers, 1), traffic(rate, payload), notNegative(joins))
			if joins > 0 {
				return bench.Joins(channels, joins), err
			}
			return bench.Mesh(channels, subscribers, rate, payload), err
		},
	}
}

func atLeast(flag string, n, least int) error { return between(flag, n, least, 10_000_000) }

func between(flag string, n, least, most int) error {
	if n < least || n > most {
		return fmt.Errorf("--%s is %d, must be %d to %d", flag, n, least, most)
	}
	return nil
}

func traffic(rate float64, payload int) error {
	return first(notNegative(rate), between("payload", payload, dialect.LeastPayload, 1<<20))
}

func notNegative(rate float64) error {
	if rate < 0 || rate > 10_000_000 {
		return fmt.Errorf("a rate is %g, must be 0 to 10000000", rate)
	}
	return nil
}

// first returns the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
