#pragma once

#include "base/metrics.hpp"
#include "http/router.hpp"

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>

/// Counts and times requests by route template. The rows are made once, from the routes of a filled router; count() takes
/// no lock. Any thread.
namespace qiao::http {

class RouteMetrics {
public:
    RouteMetrics(const Router& router, Metrics& metrics);
    /// @param route  the matched pattern; what is unknown counts as "none"
    void count(std::string_view route, int status, double seconds);

private:
    struct Row {
        std::array<Counter*, 5> by_class;
        Histogram* seconds;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    static Row make(std::string_view route, Metrics& metrics);

    std::unordered_map<std::string, Row, Hash, std::equal_to<>> rows_;
    Row none_;
};

}  // namespace qiao::http
