#include "access/oidc.hpp"
#include "base/error.hpp"

namespace qiao::access {

std::int64_t Oidc::person_of(std::string_view subject) {
    auto snapshot = ground_.database.read();
    auto rows =
        snapshot->connection().query("SELECT person FROM access_oidc_link WHERE issuer = ? AND subject = ?", {std::string_view(config_.issuer), subject});
    return rows.next() ? rows.integer(0) : 0;
}

std::optional<Instant> Oidc::linked_since(std::int64_t person) {
    auto snapshot = ground_.database.read();
    auto rows =
        snapshot->connection().query("SELECT since_us FROM access_oidc_link WHERE issuer = ? AND person = ?", {std::string_view(config_.issuer), person});
    if (!rows.next()) return std::nullopt;
    return from_us(rows.integer(0));
}

void Oidc::insert_link(std::int64_t person, std::string_view subject, const AuditEvent& event) {
    const auto is_free = [&](storage::Group& group) {
        auto rows = group.connection().query("SELECT person FROM access_oidc_link WHERE issuer = ? AND (subject = ? OR person = ?)",
                                             {std::string_view(config_.issuer), subject, person});
        while (rows.next()) {
            if (rows.integer(0) != person) throw Error(ErrorKind::conflict, "access.oidc_linked_elsewhere", "somebody else here has linked this account");
            throw Error(ErrorKind::conflict, "access.oidc_has_link", "an account is linked already; remove it first");
        }
    };
    ground_.writer.submit({is_free, [&](storage::Group& group) {
                               group.connection().execute("INSERT INTO access_oidc_link(issuer, subject, person, since_us) VALUES(?, ?, ?, ?)",
                                                          {std::string_view(config_.issuer), subject, person, to_us(group.now())});
                               ground_.notices.write(group, person, "oidc_linked", {}, event.source);
                               ground_.audit.write(group, event);
                           }});
}

bool Oidc::erase_link(std::int64_t person, const AuditEvent& event) {
    bool gone = false;
    ground_.writer.submit(
        {{}, [&](storage::Group& group) {
             gone = group.connection().execute("DELETE FROM access_oidc_link WHERE issuer = ? AND person = ?", {std::string_view(config_.issuer), person}) == 1;
             if (!gone) return;
             ground_.notices.write(group, person, "oidc_unlinked", {}, event.source);
             ground_.audit.write(group, event);
         }});
    return gone;
}

void forget_oidc_link(storage::Group& group, std::int64_t person) { group.connection().execute("DELETE FROM access_oidc_link WHERE person = ?", {person}); }

}  // namespace qiao::access
