package main

import (
	"context"

	"google.golang.org/grpc"

	"peers.test/go-bench/echo"
)

// grpcStream opens a stream with ahead messages on their way. Each call of what
// it returns waits for the reply to the oldest and sends one more.
func grpcStream(conn *grpc.ClientConn, payload []byte, ahead int) (call, error) {
	stream, err := conn.NewStream(context.Background(), &echo.GRPCDesc.Streams[0], echo.StreamMethod)
	if err != nil {
		return nil, err
	}
	message := &echo.Msg{Data: payload}
	for range ahead {
		if err := stream.SendMsg(message); err != nil {
			return nil, err
		}
	}
	return func(context.Context) error {
		reply := new(echo.Msg)
		if err := check(stream.RecvMsg(reply), reply.Data, payload); err != nil {
			return err
		}
		return stream.SendMsg(message)
	}, nil
}
