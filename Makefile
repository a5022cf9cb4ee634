# The two commands that everyone needs are grade and test.

.PHONY: grade test certify check list fmt vet lint unit verify bench

grade: ## judge the whole course as it stands in exercises/
	@go tool checker grade

check: ## judge the topics that have changed
	@go tool checker check

list: ## the syllabus, with marks so far
	@go tool checker list

test: fmt vet lint unit verify ## everything that must hold before a commit

fmt:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "not formatted: run gofmt -w on these files"; exit 1; }
	go mod tidy -diff

vet:
	go vet ./...

lint: ## stubs are left out: what they give is used by what is still to be written
	go tool staticcheck $$(go list ./... | grep -v -e /exercises/ -e '/stub$$')

unit: ## the harness and the checker themselves; suites run against stubs elsewhere
	go test -race . ./harness/... ./checker ./checker/internal/...

verify: ## every stub, reference, fault and variant of every topic
	go tool checker dev verify

certify: ## the kill matrices, and 200 runs of every suite in four conditions: ten minutes a topic
	go tool checker dev certify

bench: ## the references against their peers
	go test -run '^$$' -bench . -benchmem ./solutions/...
