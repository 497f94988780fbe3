#pragma once

#include "base/time.hpp"
#include "http/events.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// The sessions behind the event hub: who watches what, and the last messages of each session. Plain state without threads,
/// rights or sockets of its own; the hub holds one under its mutex.
namespace qiao::http {

struct Watch {
    std::set<std::string, std::less<>> lists;
    std::set<std::string, std::less<>> cases;
};

/// One tab. A tab that left is remembered for a while, so that its messages wait for it.
struct Tab {
    std::shared_ptr<Socket> socket;  ///< nothing after it left
    Watch watch;
    bool said_hello = false;
    Instant left_at = {};
};

class EventSession {
public:
    /// @param first_seq  higher than any seq that an earlier life of this session can have reached
    EventSession(EventSubject subject, std::int64_t first_seq) : subject_(std::move(subject)), floor_(first_seq), seq_(first_seq) {}

    [[nodiscard]] const EventSubject& subject() const { return subject_; }
    std::map<std::uint64_t, Tab>& tabs() { return tabs_; }

    /// Numbers a message `{…` of the kind, keeps it and sends it to the tabs that `wants` picks.
    void publish(const std::string& fields, Instant now, const std::function<bool(const Tab&)>& wants);
    /// Sends what came after `since`, or reset; then ready.
    void resume(Tab& tab, std::optional<std::int64_t> since, Instant now);
    /// Sends a message that is not kept.
    void tell(Tab& tab, const std::string& fields) const;
    /// Forgets the kept messages and tells every tab to fetch all that it shows.
    void reset();
    void forget_old(Instant now);
    [[nodiscard]] std::size_t live_tabs() const {
        return static_cast<std::size_t>(std::count_if(tabs_.begin(), tabs_.end(), [](const auto& item) { return item.second.socket != nullptr; }));
    }
    [[nodiscard]] bool is_abandoned() const { return tabs_.empty(); }

private:
    struct Kept {
        std::int64_t seq;
        Instant at;
        std::string text;
    };

    EventSubject subject_;
    std::map<std::uint64_t, Tab> tabs_;
    std::deque<Kept> kept_;
    std::int64_t floor_;  // everything after it is in kept_
    std::int64_t seq_;
};

}  // namespace qiao::http
