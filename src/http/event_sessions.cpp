#include "http/event_sessions.hpp"

namespace qiao::http {
namespace {

constexpr std::size_t kKept = 1'000;
constexpr auto kKeepTime = std::chrono::minutes(5);

std::string numbered(const std::string& fields, std::int64_t seq) { return fields.substr(0, fields.size() - 1) + ",\"seq\":" + std::to_string(seq) + "}"; }

}  // namespace

void EventSession::publish(const std::string& fields, Instant now, const std::function<bool(const Tab&)>& wants) {
    bool wanted = false;
    for (const auto& [id, tab] : tabs_) wanted = wanted || wants(tab);
    if (!wanted) return;
    kept_.push_back({++seq_, now, numbered(fields, seq_)});
    for (const auto& [id, tab] : tabs_) {
        if (tab.socket && tab.said_hello && wants(tab)) tab.socket->send(kept_.back().text);
    }
    forget_old(now);
}

void EventSession::tell(Tab& tab, const std::string& fields) const {
    if (tab.socket) tab.socket->send(numbered(fields, seq_));
}

void EventSession::reset() {
    kept_.clear();
    floor_ = ++seq_;
    for (auto& [id, tab] : tabs_) tell(tab, R"({"type":"reset"})");
}

void EventSession::resume(Tab& tab, std::optional<std::int64_t> since, Instant now) {
    forget_old(now);
    tab.said_hello = true;
    if (since && (*since < floor_ || *since > seq_)) {
        tell(tab, R"({"type":"reset"})");
    } else if (since) {
        for (const Kept& message : kept_) {
            if (message.seq > *since) tab.socket->send(message.text);
        }
    }
    tell(tab, R"({"type":"ready"})");
}

void EventSession::forget_old(Instant now) {
    while (!kept_.empty() && (kept_.size() > kKept || now - kept_.front().at > kKeepTime)) {
        floor_ = kept_.front().seq;
        kept_.pop_front();
    }
    std::erase_if(tabs_, [now](const auto& item) { return !item.second.socket && now - item.second.left_at > kKeepTime; });
}

}  // namespace qiao::http
