// Command hessian times dubbo-go-hessian2 on a list of 1,000 rows and prints
// the median of 15 rounds as one line of JSON.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"slices"
	"time"

	hessian "github.com/apache/dubbo-go-hessian2"
)

const rowCount = 1000

// Row has the fields of the Java class of the same name.
type Row struct {
	ID      int64     `hessian:"id"`
	Count   int32     `hessian:"count"`
	Score   float64   `hessian:"score"`
	Active  bool      `hessian:"active"`
	Created time.Time `hessian:"created"`
	Name    string    `hessian:"name"`
	Email   string    `hessian:"email"`
	City    string    `hessian:"city"`
	Note    string    `hessian:"note"`
	Tags    []string  `hessian:"tags"`
}

// JavaClassName implements hessian.POJO.
func (*Row) JavaClassName() string { return "org.example.bench.Row" }

func row(i int) *Row {
	return &Row{
		ID:      1_000_000_007 * int64(i),
		Count:   int32(1_000 + i),
		Score:   float64(i) + 0.25,
		Active:  i%2 == 0,
		Created: time.UnixMilli(1_700_000_000_001 + int64(i)),
		Name:    fmt.Sprintf("name-%d", i),
		Email:   fmt.Sprintf("user%d@example.org", i),
		City:    "Hangzhou",
		Note:    "forty characters of text, plain ASCII, x",
		Tags:    []string{"alpha", "beta", fmt.Sprintf("tag-%d", i%10)},
	}
}

func encode(rows []*Row) []byte {
	e := hessian.NewEncoder()
	if err := e.Encode(rows); err != nil {
		log.Fatal(err)
	}
	return e.Buffer()
}

func decode(data []byte) any {
	v, err := hessian.NewDecoder(data).Decode()
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// same tells whether v holds the rows; it fails on the first difference.
func same(v any, rows []*Row) error {
	got, ok := v.([]*Row)
	if !ok || len(got) != len(rows) {
		return fmt.Errorf("the list came back as %T", v)
	}
	for i, want := range rows {
		g := *got[i]
		if !g.Created.Equal(want.Created) || !slices.Equal(g.Tags, want.Tags) {
			return fmt.Errorf("row %d differs", i)
		}
		g.Created, g.Tags = want.Created, want.Tags
		if fmt.Sprint(g) != fmt.Sprint(*want) {
			return fmt.Errorf("row %d differs: %v", i, g)
		}
	}
	return nil
}

// median is nanoseconds per row.
func median(step func()) float64 {
	const repeat = 50
	var rounds []float64
	for range 15 {
		start := time.Now()
		for range repeat {
			step()
		}
		rounds = append(rounds, float64(time.Since(start).Nanoseconds())/repeat/rowCount)
	}
	slices.Sort(rounds)
	return rounds[len(rounds)/2]
}

func main() {
	hessian.RegisterPOJO(&Row{})
	rows := make([]*Row, rowCount)
	for i := range rows {
		rows[i] = row(i)
	}
	data := encode(rows)
	if err := same(decode(data), rows); err != nil {
		log.Fatal(err)
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"encode_ns": median(func() { encode(rows) }),
		"decode_ns": median(func() { decode(data) }),
		"bytes":     len(data),
		"rows":      rowCount,
	})
}
