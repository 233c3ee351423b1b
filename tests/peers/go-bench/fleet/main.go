// Command fleet follows a fleet that is made up in this process, as benches/src/bin/fleet does, at the
// interface level, and prints one line of JSON: the heap of an endpoint in bytes, the milliseconds
// until all instances are known, and the share of a core that -changes a minute take for -seconds, after
// -warmup. Nothing is connected: a reference over Triple connects for its first call.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"dubbo.apache.org/dubbo-go/v3"
	"dubbo.apache.org/dubbo-go/v3/client"
	"dubbo.apache.org/dubbo-go/v3/common"
	"dubbo.apache.org/dubbo-go/v3/common/extension"
	_ "dubbo.apache.org/dubbo-go/v3/imports"
	"dubbo.apache.org/dubbo-go/v3/logger"
	"dubbo.apache.org/dubbo-go/v3/registry"
	"dubbo.apache.org/dubbo-go/v3/remoting"
)

// own is the number of parameters that each service has of its own.
const own = 15

// fleet is a registry of services whose providers are made up.
type fleet struct {
	url  *common.URL
	port int

	mutex     sync.Mutex
	members   [][]int
	listeners map[int]registry.NotifyListener
}

func (f *fleet) GetURL() *common.URL          { return f.url }
func (f *fleet) IsAvailable() bool            { return true }
func (f *fleet) Destroy()                     {}
func (f *fleet) Register(*common.URL) error   { return nil }
func (f *fleet) UnRegister(*common.URL) error { return nil }

func (f *fleet) Subscribe(url *common.URL, listener registry.NotifyListener) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	service, err := number(url)
	if err == nil {
		f.listeners[service] = listener
		err = f.notify(service)
	}
	return err
}

func (f *fleet) UnSubscribe(*common.URL, registry.NotifyListener) error { return nil }

func (f *fleet) LoadSubscribeInstances(*common.URL, registry.NotifyListener) error { return nil }

// notify tells the listener of a service all its providers, as read from their texts.
func (f *fleet) notify(service int) error {
	events := make([]*registry.ServiceEvent, 0, len(f.members[service]))
	for _, member := range f.members[service] {
		url, err := common.NewURL(provider(service, member, f.port))
		if err != nil {
			return err
		}
		events = append(events, &registry.ServiceEvent{Action: remoting.EventTypeUpdate, Service: url})
	}
	f.listeners[service].NotifyAll(events, func() {})
	return nil
}

// replace replaces an instance of a service by a new one.
func (f *fleet) replace(change int) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	service := change % len(f.members)
	members := f.members[service]
	place := change / len(f.members) % len(members)
	members[place] = members[place]%1_000_000 + 1_000_000 + change
	return f.notify(service)
}

func name(service int) string { return fmt.Sprintf("org.example.bench.fleet.Service-%d", service) }

func number(url *common.URL) (int, error) {
	text := url.Service()
	return strconv.Atoi(text[strings.LastIndexByte(text, '-')+1:])
}

func provider(service, member, port int) string {
	var text strings.Builder
	fmt.Fprintf(&text, "tri://127.%d.%d.%d:%d/%s?application=fleet&dubbo=2.0.2&interface=%[6]s&methods=echo&release=3.3.6"+
		"&side=provider&timestamp=%[7]d", max(1, member>>16&255), member>>8&255, member&255, port, name(service),
		name(service), 1_700_000_000_000+int64(member))
	for i := range own {
		fmt.Fprintf(&text, "&parameter.%02d=a-value-of-%02[1]d", i)
	}
	return text.String()
}

// cpu is the CPU time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		log.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// heap is what is reachable.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc + stats.StackInuse
}

func main() {
	services := flag.Int("services", 500, "services")
	instances := flag.Int("instances", 10_000, "instances of all services")
	port := flag.Int("port", 20880, "their port")
	changes := flag.Int("changes", 1000, "instances that are replaced in a minute")
	seconds := flag.Float64("seconds", 20, "seconds of changes")
	warmup := flag.Float64("warmup", 0, "seconds of changes before")
	flag.Parse()

	source := &fleet{port: *port, listeners: map[int]registry.NotifyListener{}}
	for service := range *services {
		members := make([]int, *instances / *services)
		for i := range members {
			members[i] = service*len(members) + i
		}
		source.members = append(source.members, members)
	}
	extension.SetRegistry("fleet", func(url *common.URL) (registry.Registry, error) {
		source.url = url
		return source, nil
	})
	ins, err := dubbo.NewInstance(dubbo.WithName("go-fleet"), dubbo.WithLogger(logger.WithLevel("error")),
		dubbo.WithRegistry(registry.WithRegistry("fleet"), registry.WithAddress("127.0.0.1:1"),
			registry.WithRegisterInterface(), registry.WithoutUseAsConfigCenter(), registry.WithoutUseAsMetaReport()))
	if err != nil {
		log.Fatal(err)
	}
	cli, err := ins.NewClient(client.WithClientProtocolTriple(), client.WithClientNoCheck())
	if err != nil {
		log.Fatal(err)
	}

	before, begun := heap(), time.Now()
	kept := make([]*client.Connection, *services)
	for service := range kept {
		info := &client.ClientInfo{InterfaceName: name(service), MethodNames: []string{"echo"}}
		if kept[service], err = cli.DialWithInfo(name(service), info); err != nil {
			log.Fatal(err)
		}
	}
	known := func() bool {
		source.mutex.Lock()
		defer source.mutex.Unlock()
		return len(source.listeners) == *services
	}
	for !known() {
		time.Sleep(time.Millisecond)
	}
	ready := time.Since(begun)
	bytes := float64(heap()-before) / float64(*instances)

	tick, change := time.NewTicker(time.Minute/time.Duration(*changes)), 0
	replace := func(seconds float64) {
		for begun := time.Now(); time.Since(begun).Seconds() < seconds; change++ {
			<-tick.C
			if err := source.replace(change); err != nil {
				log.Fatal(err)
			}
		}
	}
	replace(*warmup)
	spent, begun := cpu(), time.Now()
	replace(*seconds)
	core := float64(cpu()-spent) / float64(time.Since(begun)) * 100
	runtime.KeepAlive(kept)
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"bytes": bytes, "ready_ms": ready.Milliseconds(), "core_percent": core,
	})
}
