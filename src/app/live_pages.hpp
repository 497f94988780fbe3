#pragma once

#include "access/organisation.hpp"
#include "access/session.hpp"
#include "flow/engine.hpp"
#include "flow/events.hpp"
#include "http/events.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Connects the cases with the open pages: what `flow` says changed goes to the hub of `/events`, and what the hub asks of a
/// subject's rights is answered by `access` and `flow`. Thread-safe after set_engine().
namespace qiao::app {

class LivePages : public http::EventRights, public flow::Events {
public:
    LivePages(access::Sessions& sessions, const access::Directory& directory, const Clock& clock);
    void set_engine(const flow::Engine& engine) { engine_ = &engine; }

    [[nodiscard]] http::SocketEndpoint endpoint() { return hub_.endpoint(); }
    /// Something changed in how this person signs in; the page of their own security says what.
    void security_notice(std::int64_t person, std::string_view code);
    [[nodiscard]] std::size_t connected() const { return hub_.connected(); }

    // http::EventRights
    std::optional<http::EventSubject> authenticate(const http::Request& request) override;
    bool may_watch_list(const http::EventSubject& subject, std::string_view list) override;
    bool may_watch_case(const http::EventSubject& subject, std::string_view case_id) override;
    int list_count(const http::EventSubject& subject, std::string_view list) override;

    // flow::Events
    void case_changed(std::string_view case_id, std::int64_t version, const flow::Audience& who) override;
    void lists_changed(const flow::Audience& who) override;
    void notice(const flow::Notice& notice) override;
    [[nodiscard]] bool has_page(std::int64_t person) const override { return hub_.is_connected(std::to_string(person)); }

private:
    access::Sessions& sessions_;
    const access::Directory& directory_;
    const flow::Engine* engine_ = nullptr;
    http::EventHub hub_;
};

}  // namespace qiao::app
