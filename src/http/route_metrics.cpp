#include "http/route_metrics.hpp"

#include <algorithm>

namespace qiao::http {

RouteMetrics::Row RouteMetrics::make(std::string_view route, Metrics& metrics) {
    const std::string label = "route=\"" + std::string(route) + "\"";
    Row row{};
    for (std::size_t i = 0; i < row.by_class.size(); ++i) {
        row.by_class.at(i) = &metrics.counter("qiao_http_requests_total", label + ",status=\"" + std::to_string(i + 1) + "xx\"");
    }
    row.seconds = &metrics.histogram("qiao_http_request_seconds", label);
    return row;
}

RouteMetrics::RouteMetrics(const Router& router, Metrics& metrics) : none_(make("none", metrics)) {
    for (const Route& route : router.routes()) {
        if (!rows_.contains(route.pattern)) rows_.emplace(route.pattern, make(route.pattern, metrics));
    }
}

void RouteMetrics::count(std::string_view route, int status, double seconds) {
    const auto found = rows_.find(route);
    const Row& row = found == rows_.end() ? none_ : found->second;
    row.by_class.at(static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1))->add();
    row.seconds->observe(seconds);
}

}  // namespace qiao::http
