#pragma once

#include "access/audit.hpp"
#include "access/organisation.hpp"
#include "storage/writer.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Where people are reached when they look at no screen: telephone, e-mail, which way first, in which language, and the
/// hours in which only an emergency may ring. Numbers are personal data of staff: never in a log, masked in lists.
/// Thread-safe; changes block until they are durable.
namespace qiao::access {

struct QuietHours {
    int from_minute = 0;  ///< since local midnight, 0–1439
    int to_minute = 0;    ///< may be before `from_minute`: over midnight
    friend bool operator==(const QuietHours&, const QuietHours&) = default;

    [[nodiscard]] bool holds_at(int minute) const {
        return from_minute <= to_minute ? minute >= from_minute && minute < to_minute : minute >= from_minute || minute < to_minute;
    }
};

struct Contact {
    std::string phone;                  ///< "+8613800000000"; empty = none
    std::string email;                  ///< empty = none
    std::vector<std::string> channels;  ///< the order in which the person wants to be told; empty = the pack's order
    std::string language = "zh";        ///< zh or en
    std::optional<QuietHours> quiet;
    std::int64_t changed_by = 0;
    Instant changed{};
};

/// "+86 138****5678", "w***@example.org": enough to recognise, not enough to call.
std::string masked_phone(std::string_view phone);
std::string masked_email(std::string_view email);

std::span<const storage::Migration> contact_migrations();

class Contacts {
public:
    Contacts(storage::Database& database, storage::Writer& writer, Audit& audit);

    /// An empty contact for somebody who has not given one.
    [[nodiscard]] Contact of(std::int64_t person) const;
    /// Tidies the number (spaces, dashes) and keeps it. Error(invalid, "access.bad_contact") names each field.
    Contact put(const record::Actor& actor, std::int64_t person, Contact contact);

private:
    void load();

    storage::Database& database_;
    storage::Writer& writer_;
    Audit& audit_;
    mutable std::mutex mutex_;
    std::map<std::int64_t, Contact> contacts_;
};

}  // namespace qiao::access
