package figure

// style is the sheet of every figure. All classes begin with fl-, because an inline SVG shares its sheet with the page around it.
func style() string {
	return light + "@media(prefers-color-scheme:dark){" + dark + "}"
}

const light = `
.fl-bg{fill:#fff}
.fl-t{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",Arial,sans-serif;font-size:12px;
fill:#1f2328;font-variant-numeric:tabular-nums}
.fl-h{font-size:16px;font-weight:600}.fl-b{font-weight:600}.fl-s{font-size:11px}.fl-m{fill:#57606a}
.fl-c{text-anchor:middle}.fl-e{text-anchor:end}
.fl-axis{stroke:#57606a;fill:none}.fl-grid{stroke:#d8dee4;fill:none}
.fl-line{fill:none;stroke-width:2}.fl-dash{stroke-dasharray:6 3}.fl-dot{stroke-dasharray:2 3}
.fl-none{fill:#f3f4f6}.fl-open{fill:#f3f4f6;stroke:#6e7781;stroke-dasharray:3 3}
.fl-bad{fill:none;stroke:#1f2328;stroke-width:2.5}
.fl-a{fill:#0072b2}.fl-o{fill:#e69f00}.fl-v{fill:#d55e00}
.fl-sa{stroke:#0072b2}.fl-so{stroke:#b87a00}.fl-sv{stroke:#d55e00}.fl-fo{fill:#b87a00}
.fl-w{fill:#fff}.fl-k{fill:#111}.fl-on{fill:#fff}
.fl-q0{fill:#08519c}.fl-q1{fill:#4292c6}.fl-q2{fill:#c6dbef}.fl-q3{fill:#fdd0a2}.fl-q4{fill:#f16913}.fl-q5{fill:#8c2d04}
`

const dark = `
.fl-bg{fill:#0d1117}.fl-t{fill:#e6edf3}.fl-m{fill:#9198a1}
.fl-axis{stroke:#9198a1}.fl-grid{stroke:#30363d}
.fl-none{fill:#161b22}.fl-open{fill:#161b22;stroke:#8b949e}
.fl-bad{stroke:#fff}
.fl-a{fill:#56b4e9}.fl-sa{stroke:#56b4e9}.fl-so{stroke:#f0b429}.fl-fo{fill:#f0b429}.fl-sv{stroke:#ff7b3a}.fl-v{fill:#ff7b3a}
.fl-w{fill:#fff}.fl-k{fill:#111}.fl-on{fill:#111}
`
