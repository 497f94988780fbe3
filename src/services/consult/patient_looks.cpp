#include "access/audit_routes.hpp"
#include "base/json.hpp"
#include "services/consult/patient_handlers.hpp"
#include "services/consult/patient_page.hpp"

namespace qiao::consult::patient {

namespace {

constexpr std::size_t kLooks = 100;

/// The patient's own looks and everybody else's, by institution and role; people are named once the privacy officer said so.
Response looks(const Handlers& to, const Request& request) {
    const Asked asked(to, request);
    note(to, asked, "AuditEvent");
    std::optional<access::AuditPlace> before;
    for (const auto& [name, value] : request.query_values()) {
        before = name == "before" ? access::AuditPlace::parse(value) : before;
    }
    const access::LooksPage page = to.desk.looks.of({.patient = asked.tie.rid}, before, kLooks);
    const bool names = to.desk.requests.names_given(asked.tie.rid);
    const auto reader = to.ground().record.read(asked.caller.caller.filter);
    JsonWriter json;
    json.object([&] {
        json.field("names", names);
        json.array("looks", [&] {
            for (const access::Look& look : page.looks) {
                if (may_be_told(reader->connection(), look)) {
                    access::write_look(json, to.ground().directory, look, names);
                }
            }
        });
        if (page.next) {
            json.field("next", page.next->text());
        }
    });
    Response response{.content_type = "application/json; charset=utf-8", .body = json.take()};
    return response.with("Cache-Control", "private, no-store");
}

}  // namespace

void add_looks(http::Router& router, const std::shared_ptr<const Handlers>& to) {
    router.add(Method::get, "/patient/{patient}/looks", kPatient, [to](const Request& request) { return looks(*to, request); });
}

}  // namespace qiao::consult::patient
