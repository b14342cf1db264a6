package report_test

import (
	"encoding/xml"
	"figlab/internal/report/figure"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// A word is a text of a drawing with the room it takes at most.
type word struct {
	left, right, base, size float64
	text                    string
}

// TestDrawingsAreReadable fails when a text leaves its figure or lies on another one.
func TestDrawingsAreReadable(t *testing.T) {
	for name, r := range runs() {
		for _, f := range figure.All(r) {
			width, height, words := wordsOf(t, f.SVG)
			for i, w := range words {
				if w.left < 0 || w.right > width || w.base-w.size < 0 || w.base > height-4 {
					t.Errorf("%s, %s: %q leaves the figure", name, f.Name, w.text)
				}
				for _, v := range words[:i] {
					if w.left < v.right && v.left < w.right && w.base-w.size < v.base && v.base-v.size < w.base {
						t.Errorf("%s, %s: %q lies on %q", name, f.Name, w.text, v.text)
					}
				}
			}
			if len(words) < 3 || !strings.Contains(f.SVG, "prefers-color-scheme:dark") {
				t.Errorf("%s, %s: %d words, or no colours for dark mode", name, f.Name, len(words))
			}
		}
	}
}

// TestGapsStayOpen fails when a line is drawn across a stage that was not measured.
func TestGapsStayOpen(t *testing.T) {
	r := ladder()
	whole := strings.Count(figure.Latency(r).SVG, "M")
	delete(r.Stages[7].Operations, "placeOrder")
	// Three lines begin once more; three marks are gone, each of which is a path that begins with M.
	if broken := strings.Count(figure.Latency(r).SVG, "M"); broken != whole+3-3 {
		t.Errorf("%d beginnings, want %d", broken, whole)
	}
}

func wordsOf(t *testing.T, svg string) (width, height float64, words []word) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	var class, y string
	for {
		token, err := d.Token()
		if err != nil {
			return width, height, words
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		a := map[string]string{}
		for _, x := range e.Attr {
			a[x.Name.Local] = x.Value
		}
		switch e.Name.Local {
		case "svg":
			width, height = float(a["width"]), float(a["height"])
		case "text":
			class, y = a["class"], a["y"]
			if a["x"] != "" {
				words = append(words, placed(t, d, class, a["x"], y))
			}
		case "tspan":
			words = append(words, placed(t, d, class, a["x"], y))
		}
	}
}

// placed reads the characters that follow and says which room they take.
func placed(t *testing.T, d *xml.Decoder, class, x, y string) word {
	t.Helper()
	token, err := d.Token()
	text, ok := token.(xml.CharData)
	if err != nil || !ok {
		t.Fatal(fmt.Errorf("a text without characters: %w", err))
	}
	w := word{base: float(y), size: 12, text: string(text)}
	if strings.Contains(class, "fl-s") {
		w.size = 11
	}
	if strings.Contains(class, "fl-h") {
		w.size = 16
	}
	room := float64(utf8.RuneCountInString(w.text)) * w.size * 0.6
	w.left = float(x)
	switch {
	case strings.Contains(class, "fl-c"):
		w.left -= room / 2
	case strings.Contains(class, "fl-e"):
		w.left -= room
	}
	w.right = w.left + room
	return w
}

func float(s string) float64 {
	v, _ := strconv.ParseFloat(s, 64)
	return v
}
