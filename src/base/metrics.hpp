#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

/// Counters, gauges and latency histograms for `/metrics` (Prometheus text format 0.0.4). Thread-safe. Labels have few
/// values (route templates, result codes), never data.
namespace qiao {

class Counter {
public:
    void add(std::int64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
    [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> value_{0};
};

/// Latency histogram with fixed buckets from 0.1 ms to 10 s.
class Histogram {
public:
    static constexpr std::array<double, 11> kBounds_s = {0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10};
    void observe(double seconds);

private:
    friend class Metrics;
    std::array<std::atomic<std::int64_t>, kBounds_s.size() + 1> buckets_{};
    std::atomic<std::int64_t> sum_us_{0};
};

/// One registry a process, made by app/wiring and handed down.
class Metrics {
public:
    /// `labels` as Prometheus writes them, e.g. R"(route="/fhir/{type}",status="2xx")"; may be empty. The same name and
    /// labels give the same object, which lives as long as the registry.
    Counter& counter(std::string_view name, std::string_view labels = {});
    Histogram& histogram(std::string_view name, std::string_view labels = {});
    /// Asked at each render.
    void gauge(std::string_view name, std::function<double()> read);
    [[nodiscard]] std::string render() const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::map<std::string, std::unique_ptr<Counter>>> counters_;
    std::map<std::string, std::map<std::string, std::unique_ptr<Histogram>>> histograms_;
    std::map<std::string, std::function<double()>> gauges_;
};

}  // namespace qiao
