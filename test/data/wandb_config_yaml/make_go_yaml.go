// Config texts as wandb-core writes them: each line of standard input, a JSON object of config values (its numbers as
// JSON has them), becomes a line {"yaml": text, "config": object}. Usage: go run make_go_yaml.go < configs.jsonl > go_yaml.jsonl
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"

	"gopkg.in/yaml.v3"
)

// typed gives the values that wandb-core has: int64, float64 and, for the texts of JSON's missing numbers, those.
func typed(value any) any {
	switch item := value.(type) {
	case json.Number:
		var whole int64
		if !strings.ContainsAny(item.String(), ".eE") {
			if _, err := fmt.Sscan(item.String(), &whole); err == nil {
				return whole
			}
		}
		float, _ := item.Float64()
		return float
	case []any:
		for i := range item {
			item[i] = typed(item[i])
		}
	case map[string]any:
		if name, ok := item["number"].(string); ok && len(item) == 1 {
			return map[string]float64{"Infinity": math.Inf(1), "-Infinity": math.Inf(-1)}[name]
		}
		for key := range item {
			item[key] = typed(item[key])
		}
	}
	return value
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<26)
	for in.Scan() {
		decoder := json.NewDecoder(strings.NewReader(in.Text()))
		decoder.UseNumber()
		var config map[string]any
		if decoder.Decode(&config) != nil {
			continue
		}
		wrapped := map[string]any{"_wandb": map[string]any{"value": map[string]any{"cli_version": "0.31.0"}}}
		for key, value := range config {
			wrapped[key] = map[string]any{"value": typed(value)}
		}
		text, err := yaml.Marshal(wrapped)
		if err != nil {
			continue
		}
		var back map[string]any
		if yaml.Unmarshal(text, &back) != nil || fmt.Sprint(back) != fmt.Sprint(wrapped) {
			continue // yaml.v3 loses a line end at the start of a text
		}
		quoted, _ := json.Marshal(string(text))
		fmt.Printf("{\"yaml\":%s,\"config\":%s}\n", quoted, in.Text())
	}
}
