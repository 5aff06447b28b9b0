// Yamlcheck reads edited manifests the way the API server does and proves that the edit only added what is ours.
//
// Cases come on standard input as JSON lines: {"name", "before", "after", "patch"}. With a patch, both texts hold one
// resource and the RFC 6902 patch must turn the first into the second. Without, both are whole streams. One JSON line
// is printed for each case that fails; the last line of standard error is a summary.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
)

type testCase struct {
	Name   string          `json:"name"`
	Before string          `json:"before"`
	After  string          `json:"after"`
	Patch  json.RawMessage `json:"patch,omitempty"`
}

type failure struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// summary says how much was really looked at, so that a check of nothing cannot pass for a check.
type summary struct {
	Cases     int `json:"cases"`
	Failed    int `json:"failed"`
	Documents int `json:"documents"`
	// Unreadable counts the cases that Go's reader refuses before any edit.
	Unreadable int `json:"unreadable"`
	// Typed counts the documents that were decoded strictly into their Kubernetes type after the edit.
	Typed int `json:"typed"`
	// Edited counts the documents that differ.
	Edited  int `json:"edited"`
	Patches int `json:"patches"`
}

func main() {
	total, err := run(os.Stdin, json.NewEncoder(os.Stdout))
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(2)
	}
	line, _ := json.Marshal(total)
	fmt.Fprintln(os.Stderr, string(line))
	if total.Failed > 0 {
		os.Exit(1)
	}
}

func run(input *os.File, out *json.Encoder) (summary, error) {
	var total summary
	decoder := json.NewDecoder(bufio.NewReaderSize(input, 1<<20))
	for decoder.More() {
		var next testCase
		if err := decoder.Decode(&next); err != nil {
			return total, fmt.Errorf("case %d: %w", total.Cases, err)
		}
		total.Cases++
		if reason := next.check(&total); reason != "" {
			total.Failed++
			if err := out.Encode(failure{Name: next.Name, Reason: reason}); err != nil {
				return total, err
			}
		}
	}
	return total, nil
}

func (c *testCase) check(total *summary) string {
	if len(c.Patch) > 0 && string(c.Patch) != "null" {
		total.Patches++
		return checkPatch(c.Before, c.After, c.Patch)
	}
	before, err := readStream(c.Before)
	if err != nil {
		total.Unreadable++
		return ""
	}
	after, err := readStream(c.After)
	if err != nil {
		return "after: " + err.Error()
	}
	if len(before) != len(after) {
		return fmt.Sprintf("%d documents became %d", len(before), len(after))
	}
	for i := range before {
		total.Documents++
		if reason := checkDocument(before[i], after[i], total); reason != "" {
			return fmt.Sprintf("document %d: %s", i, reason)
		}
	}
	return ""
}

func checkDocument(before, after document, total *summary) string {
	if before.strict(before.value) == nil {
		if err := after.strict(after.value); err != nil {
			return "strict: " + err.Error()
		}
		if after.typed() {
			total.Typed++
		}
	}
	if reflect.DeepEqual(before.value, after.value) {
		return ""
	}
	total.Edited++
	if !carriesSidecar(after.value) {
		return "changed, but no pod template carries both our container and our annotation"
	}
	stripped := strip(before.value, after.value)
	if where := difference("", before.value, stripped); where != "" {
		return where
	}
	return ""
}
