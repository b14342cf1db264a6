// Package figure draws a finished run as SVG: text, no scripts, the same bytes for the same run.
//
// A figure carries its own background and its own colours for light and dark mode, so it can be read wherever it is embedded; its palette
// (Okabe and Ito) is told apart by colour-blind readers, and no meaning hangs on colour alone.
package figure
