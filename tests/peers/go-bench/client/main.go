// Command client measures echo calls, or messages on streams, of -size bytes for
// -seconds and prints one line of JSON, with the CPU time it spent per call. Each
// of -conns connections carries an equal share of -concurrency calls in flight or
// streams. On streams the latencies are the times between replies.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"dubbo.apache.org/dubbo-go/v3"
	dubboclient "dubbo.apache.org/dubbo-go/v3/client"
	"dubbo.apache.org/dubbo-go/v3/common/constant"
	_ "dubbo.apache.org/dubbo-go/v3/imports"
	"dubbo.apache.org/dubbo-go/v3/logger"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"peers.test/go-bench/echo"
)

// call makes one echo call and checks what came back.
type call func(ctx context.Context) error

func grpcCall(conn *grpc.ClientConn, payload []byte) call {
	return func(ctx context.Context) error {
		reply := new(echo.Msg)
		err := conn.Invoke(ctx, echo.Method, &echo.Msg{Data: payload}, reply)
		return check(err, reply.Data, payload)
	}
}

func dubboCall(kind, addr string, payload []byte) (call, error) {
	ins, err := dubbo.NewInstance(dubbo.WithName("go-bench"), dubbo.WithRemoteMetadata(),
		dubbo.WithLogger(logger.WithLevel("error")))
	if err != nil {
		return nil, err
	}
	if kind == "dubbo" {
		cli, err := ins.NewClient(dubboclient.WithClientProtocolDubbo(), dubboclient.WithClientURL("dubbo://"+addr))
		if err != nil {
			return nil, err
		}
		conn, err := cli.NewService(&echo.Bytes{}, dubboclient.WithSerialization(constant.Hessian2Serialization))
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context) error {
			var reply []byte
			err := conn.CallUnary(ctx, []any{payload}, &reply, "echo")
			return check(err, reply, payload)
		}, nil
	}
	cli, err := ins.NewClient(dubboclient.WithClientProtocolTriple(), dubboclient.WithClientURL("tri://"+addr))
	if err != nil {
		return nil, err
	}
	conn, err := cli.DialWithInfo(echo.Service, &dubboclient.ClientInfo{
		InterfaceName: echo.Service, MethodNames: []string{"Echo"},
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		reply := new(echo.Msg)
		err := conn.CallUnary(ctx, []any{&echo.Msg{Data: payload}}, reply, "Echo")
		return check(err, reply.Data, payload)
	}, nil
}

func check(err error, got, want []byte) error {
	if err == nil && !bytes.Equal(got, want) {
		return fmt.Errorf("echo of %d bytes returned %d", len(want), len(got))
	}
	return err
}

// cpu is the CPU time this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		log.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func main() {
	kind := flag.String("kind", "grpc", "grpc, grpc-stream, triple or dubbo")
	addr := flag.String("addr", "127.0.0.1:50051", "server address")
	conns := flag.Int("conns", 1, "connections")
	concurrency := flag.Int("concurrency", 64, "calls in flight, or streams, over all connections")
	ahead := flag.Int("ahead", 16, "messages in flight on each stream")
	seconds := flag.Float64("seconds", 5, "measured time, after -warmup")
	warmup := flag.Float64("warmup", 1, "seconds before measuring")
	size := flag.Int("size", 100, "payload bytes")
	flag.Parse()

	payload := bytes.Repeat([]byte{'x'}, *size)
	// One of a connection, or of a stream.
	calls := make([]call, *conns)
	grpcConns := make([]*grpc.ClientConn, *conns)
	for i := range calls {
		var err error
		if *kind == "grpc" || *kind == "grpc-stream" {
			grpcConns[i], err = grpc.NewClient(*addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err == nil {
				calls[i] = grpcCall(grpcConns[i], payload)
			}
		} else {
			calls[i], err = dubboCall(*kind, *addr, payload)
		}
		if err == nil {
			err = calls[i](context.Background())
		}
		if err != nil {
			log.Fatalf("connection %d: %v", i, err)
		}
	}
	if *kind == "grpc-stream" {
		calls = make([]call, *concurrency)
		for i := range calls {
			var err error
			if calls[i], err = grpcStream(grpcConns[i%*conns], payload, *ahead); err != nil {
				log.Fatalf("stream %d: %v", i, err)
			}
		}
	}

	begin := time.Now().Add(time.Duration(*warmup * float64(time.Second)))
	end := begin.Add(time.Duration(*seconds * float64(time.Second)))
	took := make([][]time.Duration, *concurrency)
	failures := make([]int, *concurrency)
	var wg sync.WaitGroup
	for w := range *concurrency {
		wg.Go(func() {
			do := calls[w%len(calls)]
			for {
				start := time.Now()
				if start.After(end) {
					return
				}
				err := do(context.Background())
				done := time.Now()
				if start.Before(begin) || done.After(end) {
					continue
				}
				if err != nil {
					failures[w]++
					continue
				}
				took[w] = append(took[w], done.Sub(start))
			}
		})
	}
	time.Sleep(time.Until(begin))
	spent := cpu()
	time.Sleep(time.Until(end))
	spent = cpu() - spent
	wg.Wait()

	all := slices.Concat(took...)
	slices.Sort(all)
	failed := 0
	for _, n := range failures {
		failed += n
	}
	at := func(q float64) float64 {
		if len(all) == 0 {
			return 0
		}
		return float64(all[int(q*float64(len(all)-1))].Microseconds())
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"kind": *kind, "conns": *conns, "concurrency": *concurrency, "size": *size, "seconds": *seconds,
		"calls": len(all), "errors": failed, "rps": float64(len(all)) / *seconds,
		"p50_us": at(0.5), "p99_us": at(0.99), "p999_us": at(0.999), "max_us": at(1),
		"cpu_us_per_call": float64(spent.Microseconds()) / float64(max(1, len(all))),
	})
}
