#include "base/metrics.hpp"

#include <fmt/format.h>

namespace qiao {

void Histogram::observe(double seconds) {
    std::size_t at = 0;
    while (at < kBounds_s.size() && seconds > kBounds_s.at(at)) ++at;
    buckets_.at(at).fetch_add(1, std::memory_order_relaxed);
    sum_us_.fetch_add(static_cast<std::int64_t>(seconds * 1e6), std::memory_order_relaxed);
}

Counter& Metrics::counter(std::string_view name, std::string_view labels) {
    const std::lock_guard lock(mutex_);
    auto& slot = counters_[std::string(name)][std::string(labels)];
    if (!slot) slot = std::make_unique<Counter>();
    return *slot;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view labels) {
    const std::lock_guard lock(mutex_);
    auto& slot = histograms_[std::string(name)][std::string(labels)];
    if (!slot) slot = std::make_unique<Histogram>();
    return *slot;
}

void Metrics::gauge(std::string_view name, std::function<double()> read) {
    const std::lock_guard lock(mutex_);
    gauges_[std::string(name)] = std::move(read);
}

std::string Metrics::render() const {
    const std::lock_guard lock(mutex_);
    std::string out;
    const auto braces = [](const std::string& labels) { return labels.empty() ? std::string() : "{" + labels + "}"; };
    for (const auto& [name, by_labels] : counters_) {
        out += fmt::format("# TYPE {} counter\n", name);
        for (const auto& [labels, counter] : by_labels) out += fmt::format("{}{} {}\n", name, braces(labels), counter->value());
    }
    for (const auto& [name, read] : gauges_) out += fmt::format("# TYPE {} gauge\n{} {}\n", name, name, read());
    for (const auto& [name, by_labels] : histograms_) {
        out += fmt::format("# TYPE {} histogram\n", name);
        for (const auto& [labels, histogram] : by_labels) {
            const std::string comma = labels.empty() ? "" : labels + ",";
            std::int64_t total = 0;
            for (std::size_t i = 0; i <= Histogram::kBounds_s.size(); ++i) {
                total += histogram->buckets_.at(i).load(std::memory_order_relaxed);
                const std::string bound = i < Histogram::kBounds_s.size() ? fmt::format("{}", Histogram::kBounds_s.at(i)) : "+Inf";
                out += fmt::format("{}_bucket{{{}le=\"{}\"}} {}\n", name, comma, bound, total);
            }
            out += fmt::format("{}_sum{} {}\n", name, braces(labels), static_cast<double>(histogram->sum_us_.load()) / 1e6);
            out += fmt::format("{}_count{} {}\n", name, braces(labels), total);
        }
    }
    return out;
}

}  // namespace qiao
