// Package scenarios holds what the lab can play, as strict YAML, and the grammar of it: which stages are walked under which load, which
// drills are held at each, and what is expected of the shop meanwhile.
package scenarios
