package figure

import (
	"figlab/internal/history"
	"math"
	"slices"
)

// A Figure is one drawing with what stands beside it.
type Figure struct {
	Name  string // of the file, without .svg
	Title string // what is seen
	Alt   string // what it shows, for those who do not see it
	SVG   string
}

// All draws the figures of a run, in the order they are shown. A run without stages has none, one without faults no matrix of them.
func All(r history.Run) []Figure {
	if len(r.Stages) == 0 {
		return nil
	}
	all := []Figure{Latency(r), Served(r), Cost(r)}
	if len(faultRows(r)) > 0 {
		all = append([]Figure{Matrix(r)}, all...)
	}
	return all
}

// Operations the latency figure shows: the three every visitor of a shop knows.
func Operations() []Operation {
	return []Operation{
		{"getProduct", "product page"},
		{"searchProducts", "search"},
		{"placeOrder", "place order"},
	}
}

// An Operation of the contract, with the words for a reader.
type Operation struct {
	ID    string // operationId of api/shop.yaml
	Words string
}

// EnoughForP99 is the number of samples below which a 99th percentile is one or no sample: it is not shown.
const EnoughForP99 = 100

// usable says that v is a number that was measured.
func usable(v float64) bool {
	return v > 0 && !math.IsInf(v, 0) && !math.IsNaN(v)
}

// capabilities lists whatever was asked at any stage, by name.
func capabilities(r history.Run) []string {
	seen := map[string]bool{}
	var names []string
	for _, s := range r.Stages {
		for c := range s.ServedBy {
			if !seen[c] {
				seen[c] = true
				names = append(names, c)
			}
		}
	}
	slices.Sort(names)
	return names
}

// labels gives the words under each stage: id and name where every pair fits into the width, else the id alone.
func labels(r history.Run, width float64) (ids, names []string) {
	fits := true
	for _, s := range r.Stages {
		ids = append(ids, clip(s.ID, width, 12))
		names = append(names, s.Name)
		fits = fits && textWidth(s.Name, 11) <= width-6
	}
	if !fits {
		names = nil
	}
	return ids, names
}

// underAxis writes the stages below a drawing whose bands begin at left; y is the axis. It returns the lowest baseline used.
func underAxis(c *canvas, r history.Run, left, band, y float64) float64 {
	ids, names := labels(r, band)
	for i, id := range ids {
		x := left + (float64(i)+0.5)*band
		c.text("fl-t fl-c", x, y+17, id)
		if names != nil {
			c.text("fl-t fl-s fl-m fl-c", x, y+32, names[i])
		}
	}
	if names != nil {
		return y + 32
	}
	return y + 17
}
