// Package report turns a finished run into the files of its result folder: run.json and verdict.json for programs, report.md and
// report.html for people, junit.xml for CI, and figures. It reads values and judges nothing: every verdict in it was given by the lab.
//
// Markdown and HTML print the same document (content.go), so neither can say what the other does not.
package report
