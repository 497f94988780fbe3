#include "http/events.hpp"

#include "base/json.hpp"
#include "base/json_value.hpp"
#include "base/log.hpp"
#include "http/event_sessions.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <typeinfo>

namespace qiao::http {
namespace {

constexpr std::size_t kListsMax = 64;
constexpr std::size_t kCasesMax = 512;
constexpr std::size_t kNameMax_bytes = 200;
constexpr std::size_t kTabsPerSession = 64;
constexpr auto kBurst = std::chrono::milliseconds(20);  // changes within it travel together
constexpr auto kHousekeeping = std::chrono::seconds(30);
constexpr std::uint16_t kNotJson = 1007;
constexpr std::uint16_t kPolicy = 1008;
constexpr std::uint16_t kSessionEnded = 4401;

/// What was published and not delivered yet; the newest version of a case wins.
struct Pending {
    std::map<std::string, std::int64_t, std::less<>> cases;
    std::set<std::string, std::less<>> lists;
    std::vector<std::pair<std::string, Notice>> notices;
    [[nodiscard]] bool empty() const { return cases.empty() && lists.empty() && notices.empty(); }
};

std::string list_message(std::string_view list, int count) {
    JsonWriter json;
    json.object([&] {
        json.field("type", "list");
        json.field("list", list);
        json.field("count", count);
    });
    return json.take();
}

std::string case_message(std::string_view id, std::int64_t version) {
    JsonWriter json;
    json.object([&] {
        json.field("type", "case");
        json.field("id", id);
        json.field("version", version);
    });
    return json.take();
}

std::string notice_message(const Notice& notice) {
    JsonWriter json;
    json.object([&] {
        json.field("type", "notice");
        json.field("id", notice.id);
        json.field("code", notice.code);
        if (!notice.case_id.empty()) json.field("case", notice.case_id);
        json.field("urgency", notice.urgency);
        json.raw_field("params", notice.params_json);
    });
    return json.take();
}

std::string ended_message(std::string_view code) {
    JsonWriter json;
    json.object([&] {
        json.field("type", "ended");
        json.field("code", code);
    });
    return json.take();
}

/// The names in a member of `watch`; nothing when it is no list of short strings.
std::optional<std::vector<std::string>> names_in(const json::Value& value, std::size_t limit) {
    std::vector<std::string> names;
    if (value.is_null()) return names;
    if (!value.is_array() || value.size() > limit) return std::nullopt;
    for (const json::Value& item : value.items()) {
        if (!item.is_string() || item.text().empty() || item.text().size() > kNameMax_bytes) return std::nullopt;
        names.push_back(item.text());
    }
    return names;
}

}  // namespace

class EventHub::Impl {
public:
    Impl(EventRights& rights, const Clock& clock) : rights_(rights), clock_(clock), thread_([this](const std::stop_token& stop) { run(stop); }) {}
    ~Impl() {
        thread_.request_stop();
        wake_.notify_all();
    }

    std::unique_ptr<SocketHandler> open(const Request& request, std::shared_ptr<Socket> socket);
    void received(const EventSubject& subject, std::uint64_t tab, Socket& socket, std::string_view text);
    void left(const EventSubject& subject, std::uint64_t tab);
    template <class Change>
    void publish(Change change) {
        {
            const std::lock_guard lock(mutex_);
            change(pending_);
        }
        wake_.notify_one();
    }
    void end(const std::function<bool(const EventSubject&)>& is_meant, std::string_view code);
    std::size_t connected() const;
    bool is_connected(std::string_view person_id) const;

private:
    using Sessions = std::map<std::string, EventSession, std::less<>>;

    void run(const std::stop_token& stop);
    void deliver(Pending pending);
    void deliver_cases(const Pending& pending);
    void deliver_lists(const Pending& pending);
    template <class Question>
    bool ask(const EventSubject& subject, Question question);
    void watch(const EventSubject& subject, std::uint64_t tab, const json::Value& message, Socket& socket);
    Tab* find(const EventSubject& subject, std::uint64_t tab);
    EventSession* session_of(const EventSubject& subject);
    /// The sessions with a tab whose watch `wants`, and what of it.
    template <class Pick>
    std::vector<std::pair<EventSubject, std::vector<std::string>>> interested(Pick pick);

    EventRights& rights_;
    const Clock& clock_;
    mutable std::mutex mutex_;
    std::condition_variable_any wake_;
    Pending pending_;
    Sessions sessions_;
    std::uint64_t next_tab_ = 1;
    std::jthread thread_;
};

namespace {

class TabHandler : public SocketHandler {
public:
    TabHandler(std::function<void(std::string_view)> on_message, std::function<void()> on_closed)
        : on_message_(std::move(on_message)), on_closed_(std::move(on_closed)) {}
    void message(std::string_view text) override { on_message_(text); }
    void closed() override { on_closed_(); }

private:
    std::function<void(std::string_view)> on_message_;
    std::function<void()> on_closed_;
};

}  // namespace

std::unique_ptr<SocketHandler> EventHub::Impl::open(const Request& request, std::shared_ptr<Socket> socket) {
    if (!is_same_origin(request)) throw Error(ErrorKind::forbidden, "http.cross_origin", "this page may not listen here");
    const auto subject = rights_.authenticate(request);
    if (!subject) throw Error(ErrorKind::unauthenticated, "access.unauthenticated", "sign in first");
    const std::lock_guard lock(mutex_);
    const auto [found, is_new] = sessions_.try_emplace(subject->session_key, *subject, to_ms(clock_.now()));
    auto& tabs = found->second.tabs();
    if (tabs.size() >= kTabsPerSession) std::erase_if(tabs, [](const auto& item) { return !item.second.socket; });
    if (tabs.size() >= kTabsPerSession) throw Error(ErrorKind::unavailable, "http.too_many", "too many tabs of one session");
    const std::uint64_t id = next_tab_++;
    tabs[id].socket = socket;
    return std::make_unique<TabHandler>([this, subject = *subject, id, socket](std::string_view text) { received(subject, id, *socket, text); },
                                        [this, subject = *subject, id] { left(subject, id); });
}

EventSession* EventHub::Impl::session_of(const EventSubject& subject) {
    const auto found = sessions_.find(subject.session_key);
    return found == sessions_.end() ? nullptr : &found->second;
}

Tab* EventHub::Impl::find(const EventSubject& subject, std::uint64_t tab) {
    EventSession* session = session_of(subject);
    if (session == nullptr) return nullptr;
    const auto found = session->tabs().find(tab);
    return found == session->tabs().end() ? nullptr : &found->second;
}

void EventHub::Impl::received(const EventSubject& subject, std::uint64_t tab, Socket& socket, std::string_view text) {
    const auto message = json::parse(text, 4);
    if (!message || !message->is_object()) return socket.close(kNotJson, "not a JSON object");
    const std::string& type = (*message)["type"].text();
    if (type == "watch") return watch(subject, tab, *message, socket);
    if (type != "hello") return socket.close(kPolicy, "unknown message");
    const std::lock_guard lock(mutex_);
    if (Tab* const found = find(subject, tab)) session_of(subject)->resume(*found, (*message)["since"].integer(), clock_.now());
}

void EventHub::Impl::watch(const EventSubject& subject, std::uint64_t tab, const json::Value& message, Socket& socket) {
    const auto lists = names_in(message["lists"], kListsMax);
    const auto cases = names_in(message["cases"], kCasesMax);
    if (!lists || !cases) return socket.close(kPolicy, "bad watch");
    Watch allowed;
    std::vector<std::string> counts;
    for (const std::string& list : *lists) {
        if (rights_.may_watch_list(subject, list)) allowed.lists.insert(list);
    }
    for (const std::string& id : *cases) {
        if (rights_.may_watch_case(subject, id)) allowed.cases.insert(id);
    }
    {
        const std::lock_guard lock(mutex_);
        Tab* const found = find(subject, tab);
        if (found == nullptr) return;
        found->watch = allowed;
    }
    for (const std::string& list : allowed.lists) counts.push_back(list_message(list, rights_.list_count(subject, list)));
    const std::lock_guard lock(mutex_);
    Tab* const found = find(subject, tab);
    if (found == nullptr) return;
    for (const std::string& count : counts) session_of(subject)->tell(*found, count);
}

void EventHub::Impl::left(const EventSubject& subject, std::uint64_t tab) {
    const std::lock_guard lock(mutex_);
    Tab* const found = find(subject, tab);
    if (found == nullptr) return;
    found->socket.reset();
    found->left_at = clock_.now();
}

void EventHub::Impl::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        wake_.wait_for(lock, stop, kHousekeeping, [this] { return !pending_.empty(); });
        if (pending_.empty()) {
            for (auto& [key, session] : sessions_) session.forget_old(clock_.now());
            std::erase_if(sessions_, [](const auto& item) { return item.second.is_abandoned(); });
            continue;
        }
        lock.unlock();
        std::this_thread::sleep_for(kBurst);
        lock.lock();
        Pending pending = std::exchange(pending_, {});
        lock.unlock();
        deliver(std::move(pending));
        lock.lock();
    }
}

template <class Pick>
std::vector<std::pair<EventSubject, std::vector<std::string>>> EventHub::Impl::interested(Pick pick) {
    std::vector<std::pair<EventSubject, std::vector<std::string>>> found;
    const std::lock_guard lock(mutex_);
    for (auto& [key, session] : sessions_) {
        std::set<std::string, std::less<>> names;
        for (const auto& [id, tab] : session.tabs()) pick(tab.watch, names);
        if (!names.empty()) found.emplace_back(session.subject(), std::vector<std::string>(names.begin(), names.end()));
    }
    return found;
}

/// Asks for rights. When nobody can answer (the database is down), the tabs of that session are told to fetch all that
/// they show, so that no change is lost silently.
template <class Question>
bool EventHub::Impl::ask(const EventSubject& subject, Question question) {
    try {
        question();
        return true;
    } catch (const std::exception& error) {
        log::error("http.event_rights_failed", {{"type", std::string_view(typeid(error).name())}});
    }
    const std::lock_guard lock(mutex_);
    if (EventSession* const session = session_of(subject)) session->reset();
    return false;
}

void EventHub::Impl::deliver_cases(const Pending& pending) {
    const auto changed = interested([&](const Watch& watch, auto& names) {
        for (const auto& [id, version] : pending.cases) {
            if (watch.cases.contains(id)) names.insert(id);
        }
    });
    for (const auto& [subject, ids] : changed) {
        for (const std::string& id : ids) {
            bool may = false;
            if (!ask(subject, [&] { may = rights_.may_watch_case(subject, id); })) break;
            const std::lock_guard lock(mutex_);
            EventSession* const session = session_of(subject);
            if (session == nullptr) continue;
            if (may) {
                session->publish(case_message(id, pending.cases.at(id)), clock_.now(), [&id](const Tab& tab) { return tab.watch.cases.contains(id); });
            } else {
                for (auto& [tab_id, tab] : session->tabs()) tab.watch.cases.erase(id);
            }
        }
    }
}

void EventHub::Impl::deliver_lists(const Pending& pending) {
    const auto changed = interested([&](const Watch& watch, auto& names) {
        for (const std::string& list : pending.lists) {
            if (watch.lists.contains(list)) names.insert(list);
        }
    });
    for (const auto& [subject, lists] : changed) {
        for (const std::string& list : lists) {
            bool may = false;
            int count = 0;
            const bool known = ask(subject, [&] {
                may = rights_.may_watch_list(subject, list);
                if (may) count = rights_.list_count(subject, list);
            });
            if (!known) break;
            const std::lock_guard lock(mutex_);
            EventSession* const session = session_of(subject);
            if (session == nullptr) continue;
            if (may) {
                session->publish(list_message(list, count), clock_.now(), [&list](const Tab& tab) { return tab.watch.lists.contains(list); });
            } else {
                for (auto& [tab_id, tab] : session->tabs()) tab.watch.lists.erase(list);
            }
        }
    }
}

void EventHub::Impl::deliver(Pending pending) {
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [person, notice] : pending.notices) {
            const std::string text = notice_message(notice);
            for (auto& [key, session] : sessions_) {
                if (session.subject().person_id == person) session.publish(text, clock_.now(), [](const Tab&) { return true; });
            }
        }
    }
    deliver_cases(pending);
    deliver_lists(pending);
}

void EventHub::Impl::end(const std::function<bool(const EventSubject&)>& is_meant, std::string_view code) {
    const std::string text = ended_message(code);
    const std::lock_guard lock(mutex_);
    for (auto& [key, session] : sessions_) {
        if (!is_meant(session.subject())) continue;
        session.publish(text, clock_.now(), [](const Tab&) { return true; });
        for (auto& [id, tab] : session.tabs()) {
            if (tab.socket) tab.socket->close(kSessionEnded, code);
        }
    }
    std::erase_if(sessions_, [&](const auto& item) { return is_meant(item.second.subject()); });
}

std::size_t EventHub::Impl::connected() const {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const auto& [key, session] : sessions_) count += session.live_tabs();
    return count;
}

bool EventHub::Impl::is_connected(std::string_view person_id) const {
    const std::lock_guard lock(mutex_);
    return std::any_of(sessions_.begin(), sessions_.end(),
                       [&](const auto& item) { return item.second.subject().person_id == person_id && item.second.live_tabs() > 0; });
}

EventHub::EventHub(EventRights& rights, const Clock& clock) : impl_(std::make_unique<Impl>(rights, clock)) {}
EventHub::~EventHub() = default;

SocketEndpoint EventHub::endpoint() {
    return {.path = "/events", .subprotocol = "qiao.events.1", .open = [impl = impl_.get()](const Request& request, std::shared_ptr<Socket> socket) {
                return impl->open(request, std::move(socket));
            }};
}

void EventHub::case_changed(std::string_view case_id, std::int64_t version) {
    impl_->publish([&](auto& pending) {
        auto& newest = pending.cases[std::string(case_id)];
        newest = std::max(newest, version);
    });
}

void EventHub::list_changed(std::string_view list) {
    impl_->publish([&](auto& pending) { pending.lists.emplace(list); });
}

void EventHub::notice(std::string_view person_id, Notice notice) {
    impl_->publish([&](auto& pending) { pending.notices.emplace_back(person_id, std::move(notice)); });
}

void EventHub::end_session(std::string_view session_key, std::string_view code) {
    impl_->end([session_key](const EventSubject& subject) { return subject.session_key == session_key; }, code);
}

void EventHub::end_person(std::string_view person_id, std::string_view code) {
    impl_->end([person_id](const EventSubject& subject) { return subject.person_id == person_id; }, code);
}

bool EventHub::is_connected(std::string_view person_id) const { return impl_->is_connected(person_id); }

std::size_t EventHub::connected() const { return impl_->connected(); }

}  // namespace qiao::http
