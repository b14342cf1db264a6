package oracle_test

import (
	"figlab/chaos/oracle"
	"figlab/chaos/oracle/mutant"
	"figlab/internal/history"
	"fmt"
	"math"
	"reflect"
	"testing"
)

// FuzzJudge wrecks a clean case at random. Whatever is in the books, an oracle neither panics nor contradicts itself.
func FuzzJudge(f *testing.F) {
	f.Add(uint64(1), []byte{0, 0, 0})
	f.Add(uint64(2), []byte("a case in which much is missing, doubled or without a name"))
	f.Fuzz(func(t *testing.T, seed uint64, edits []byte) {
		c := mutant.Clean(seed % 64)
		for len(edits) >= 3 && len(edits) < 300 {
			wreck(reflect.ValueOf(&c).Elem(), edits[0], edits[1], edits[2])
			edits = edits[3:]
		}
		runs := oracle.Judge(c)
		for i, r := range runs {
			consistent := false
			switch r.Verdict {
			case history.Pass:
				consistent = r.Violations == 0 && r.Checked > 0 && len(r.Examples) == 0
			case history.Violated:
				consistent = r.Violations > 0 && len(r.Examples) == int(min(5, r.Violations))
			case history.Inconclusive:
				consistent = r.Violations == 0 && len(r.Examples) == 1
			}
			if again := oracle.Judge(c)[i]; !consistent || !reflect.DeepEqual(r, again) {
				t.Fatalf("%+v, then %+v", r, again)
			}
		}
	})
}

// wreck changes one field of one entry of one list: which, is up to the three bytes.
func wreck(c reflect.Value, list, entry, how byte) {
	facts := c.FieldByName("Facts")
	lists := []reflect.Value{c.FieldByName("History"), facts.FieldByName("Provider").Field(0), facts.FieldByName("Carrier").Field(0)}
	for i := range facts.NumField() {
		if facts.Field(i).Kind() == reflect.Slice {
			lists = append(lists, facts.Field(i))
		}
	}
	l := lists[int(list)%len(lists)]
	if l.Len() == 0 {
		return
	}
	i := int(entry) * 7 % l.Len()
	e := l.Index(i)
	switch how % 8 {
	case 0:
		l.Set(reflect.AppendSlice(l.Slice(0, i), l.Slice(i+1, l.Len())))
	case 1:
		l.Set(reflect.Append(l, e))
	case 2:
		e.SetZero()
	case 3:
		l.SetZero()
	default:
		if e.Kind() == reflect.Struct {
			spoil(e.Field(int(how/8)%e.NumField()), how)
		}
	}
}

func spoil(v reflect.Value, how byte) {
	switch v.Kind() {
	case reflect.String:
		v.SetString([]string{"", "refunded", "order-0001", "shipped"}[how%4])
	case reflect.Int64:
		v.SetInt([]int64{-1, 0, math.MaxInt64, math.MinInt64}[how%4])
	default:
		v.SetZero()
	}
}

// BenchmarkJudge judges 100,000 records of 25,000 orders, of which the stores hold everything.
func BenchmarkJudge(b *testing.B) {
	c := large(25_000)
	for b.Loop() {
		for _, r := range oracle.Judge(c) {
			if r.Verdict != history.Pass {
				b.Fatalf("%s is %s: %q", r.ID, r.Verdict, r.Examples)
			}
		}
	}
	b.ReportMetric(float64(len(c.History)), "records")
}

// large is a shop of many delivered orders of two lines: each was placed, placed again under its key, and read twice.
func large(orders int) (c oracle.Case) {
	const stocked = 1000
	f := &c.Facts
	for i := range stocked {
		f.Stock = append(f.Stock, history.Stock{Product: fmt.Sprintf("product-%04d", i), Initial: int64(orders), OnHand: int64(orders)})
	}
	for i := range orders {
		n := fmt.Sprintf("%06d", i)
		lines := []history.Line{
			{Product: f.Stock[i%stocked].Product, Quantity: 1, UnitPrice: 50}, {Product: f.Stock[(i+1)%stocked].Product, Quantity: 1, UnitPrice: 50},
		}
		o := history.Order{ID: "o" + n, User: "u" + n, Key: "k" + n, State: "delivered", Total: 100, Currency: "EUR", Lines: lines}
		f.Orders = append(f.Orders, o)
		f.Payments = append(f.Payments, history.Payment{ID: "p" + n, Order: o.ID, State: "captured", Amount: 100, Currency: "EUR"})
		f.Provider.Entries = append(f.Provider.Entries, history.ProviderEntry{Key: "p" + n, State: "captured", Amount: 100, Currency: "EUR"})
		f.Ledger = append(
			f.Ledger, history.LedgerEntry{Transaction: "c" + n, Account: "provider_receivable", Amount: 100, Currency: "EUR"},
			history.LedgerEntry{Transaction: "c" + n, Account: "sales", Amount: -100, Currency: "EUR"})
		f.Shipments = append(f.Shipments, history.Shipment{ID: "s" + n, Order: o.ID, State: "delivered"})
		f.Carrier.Parcels = append(f.Carrier.Parcels, history.Parcel{Key: "s" + n, State: "delivered"})
		for _, kind := range []string{"reserve", "commit"} {
			for k, l := range lines {
				moves(&c, history.StockMove{Sequence: int64(len(f.StockMoves)), Product: l.Product, Kind: kind, Quantity: 1, Cause: o.ID})
				if kind == "commit" {
					f.Stock[(i+k)%stocked].OnHand--
				}
			}
		}
		for _, op := range []string{"placeOrder", "placeOrder", "getOrder", "getOrder"} {
			r := history.Record{Op: op, User: "u" + n + "@example.com", Outcome: history.OK, Order: o.ID, State: "confirmed", Total: 100, Lines: lines}
			if op == "placeOrder" {
				r.Key = o.Key
			}
			record(&c, r)
		}
	}
	return c
}
