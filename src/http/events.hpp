#pragma once

#include "base/time.hpp"
#include "http/server.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// The hub of `/events`: tells the tabs of signed-in people that something changed, never what; the tab fetches it by the
/// usual URL. Publishers call from any thread and never wait. Rights and counts are asked on the hub's own thread or, for
/// `watch`, on the worker pool: never on an I/O thread.
///
/// Messages are JSON objects with "type", subprotocol `qiao.events.1`.
///   client: hello{since?} first, then watch{lists[], cases[]} (replaces the set)
///   server: ready{seq} after hello; list{list, count, seq}; case{id, version, seq}; notice{id, code, case?, urgency,
///           params, seq}; reset{seq} when `since` is older than what is kept; ended{code, seq}, then close 4401
namespace qiao::http {

struct EventSubject {
    std::string session_key;  ///< not the secret: a name of the session that access gives
    std::string person_id;
};

/// What the hub asks of those who know: access and flow, connected in wiring. Thread-safe; may query the database.
struct EventRights {
    virtual ~EventRights() = default;
    /// Whose request this is; nothing when nobody is signed in. May throw Error.
    virtual std::optional<EventSubject> authenticate(const Request& request) = 0;
    virtual bool may_watch_list(const EventSubject& subject, std::string_view list) = 0;
    virtual bool may_watch_case(const EventSubject& subject, std::string_view case_id) = 0;
    /// Entries of `list` that `subject` may see.
    virtual int list_count(const EventSubject& subject, std::string_view list) = 0;
};

/// A message to one person; whoever publishes it has decided that the person may know it.
struct Notice {
    std::string id;
    std::string code;     ///< stable; the UI translates it
    std::string case_id;  ///< may be empty
    std::string urgency;
    std::string params_json = "{}";  ///< one JSON object
};

class EventHub {
public:
    /// `rights` and `clock` outlive the hub, the hub outlives the server.
    EventHub(EventRights& rights, const Clock& clock);
    ~EventHub();

    [[nodiscard]] SocketEndpoint endpoint();

    void case_changed(std::string_view case_id, std::int64_t version);
    void list_changed(std::string_view list);
    void notice(std::string_view person_id, Notice notice);
    /// Tells the tabs of a session that it is over and closes them.
    void end_session(std::string_view session_key, std::string_view code);
    void end_person(std::string_view person_id, std::string_view code);

    [[nodiscard]] std::size_t connected() const;  ///< tabs, for the metrics
    [[nodiscard]] bool is_connected(std::string_view person_id) const;  ///< whether a tab of this person is open

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace qiao::http
