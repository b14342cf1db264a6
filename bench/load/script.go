package load

import _ "embed"

//go:embed load.js
var script []byte
