#include "access/contact.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace qiao::access {

namespace {

constexpr std::size_t kPhoneDigitsMin = 3;   // 120 and house numbers behind a gateway
constexpr std::size_t kPhoneDigitsMax = 15;  // ITU-T E.164
constexpr std::size_t kEmail_bytes = 254;    // RFC 5321 4.5.3.1.3, as corrected
constexpr std::string_view kChannels[] = {"voice", "sms", "webhook", "email"};

constexpr storage::Migration kMigrations[] = {{"access_contact", 1, R"sql(
CREATE TABLE access_contact(
  person INTEGER PRIMARY KEY, phone TEXT NOT NULL, email TEXT NOT NULL, channels TEXT NOT NULL, language TEXT NOT NULL,
  quiet_from INTEGER, quiet_to INTEGER, changed_by INTEGER NOT NULL, changed_us INTEGER NOT NULL);
)sql"}};

std::string tidied_phone(std::string_view phone) {
    std::string out;
    for (const char c : phone) {
        if (c != ' ' && c != '-' && c != '(' && c != ')') {
            out += c;
        }
    }
    return out;
}

bool is_phone(std::string_view phone) {
    const std::string_view digits = phone.substr(phone.starts_with('+') ? 1 : 0);
    return digits.size() >= kPhoneDigitsMin && digits.size() <= kPhoneDigitsMax && digits.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_email(std::string_view email) {
    const std::size_t at = email.find('@');
    return email.size() <= kEmail_bytes && at != std::string_view::npos && at > 0 && at + 1 < email.size() && email.find('@', at + 1) == std::string_view::npos &&
           std::all_of(email.begin(), email.end(), [](char c) { return c > ' ' && c < 0x7F && c != '<' && c != '>' && c != ',' && c != ';' && c != '"'; });
}

void require_good(const Contact& contact) {
    std::vector<Issue> issues;
    const auto bad = [&](const char* field, const char* why) { issues.push_back({"value", field, why}); };
    if (!contact.phone.empty() && !is_phone(contact.phone)) bad("phone", "digits, with + and the country's code");
    if (!contact.email.empty() && !is_email(contact.email)) bad("email", "one address");
    for (auto one = contact.channels.begin(); one != contact.channels.end(); ++one) {
        const bool known = std::find(std::begin(kChannels), std::end(kChannels), *one) != std::end(kChannels);
        if (!known || std::find(contact.channels.begin(), one, *one) != one) bad("channels", "voice, sms, webhook, email, each once");
    }
    if (contact.language != "zh" && contact.language != "en") bad("language", "zh or en");
    const auto is_minute = [](int minute) { return minute >= 0 && minute < 24 * 60; };
    if (contact.quiet && (!is_minute(contact.quiet->from_minute) || !is_minute(contact.quiet->to_minute) || contact.quiet->from_minute == contact.quiet->to_minute)) {
        bad("quiet", "two different times of day");
    }
    if (!issues.empty()) throw Error(ErrorKind::invalid, "access.bad_contact", "the contact cannot be kept like this", std::move(issues));
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
    return out;
}

}  // namespace

std::string masked_phone(std::string_view phone) {
    if (phone.size() <= 4) return std::string(phone.size(), '*');
    const std::size_t head = phone.starts_with("+86") && phone.size() >= 11 ? 6 : phone.size() >= 9 ? 3 : 0;
    return std::string(phone.substr(0, head)) + "****" + std::string(phone.substr(phone.size() - (head > 0 ? 4 : 2)));
}

std::string masked_email(std::string_view email) {
    const std::size_t at = email.find('@');
    return at == std::string_view::npos ? "" : std::string(email.substr(0, 1)) + "***" + std::string(email.substr(at));
}

std::span<const storage::Migration> contact_migrations() { return kMigrations; }

Contacts::Contacts(storage::Database& database, storage::Writer& writer, Audit& audit) : database_(database), writer_(writer), audit_(audit) { load(); }

void Contacts::load() {
    const auto snapshot = database_.read();
    auto rows = snapshot->connection().query("SELECT person, phone, email, channels, language, quiet_from, quiet_to, changed_by, changed_us FROM access_contact");
    while (rows.next()) {
        Contact one;
        one.phone = rows.text(1);
        one.email = rows.text(2);
        for (const std::string_view channel : split(rows.text(3), ' ')) {
            if (!channel.empty()) one.channels.emplace_back(channel);
        }
        one.language = rows.text(4);
        if (!rows.is_null(5)) one.quiet = QuietHours{static_cast<int>(rows.integer(5)), static_cast<int>(rows.integer(6))};
        one.changed_by = rows.integer(7);
        one.changed = from_us(rows.integer(8));
        contacts_.emplace(rows.integer(0), std::move(one));
    }
}

Contact Contacts::of(std::int64_t person) const {
    const std::lock_guard lock(mutex_);
    const auto found = contacts_.find(person);
    return found == contacts_.end() ? Contact{} : found->second;
}

Contact Contacts::put(const record::Actor& actor, std::int64_t person, Contact contact) {
    contact.phone = tidied_phone(contact.phone);
    contact.email = std::string(trim(contact.email));
    require_good(contact);
    contact.changed_by = actor.person;
    AuditEvent event = audit_.event_of(actor, "contact");
    event.detail = "person " + std::to_string(person);  // what changed stays out: the chain is for ever, a number is not
    const std::string channels = joined(contact.channels);
    const storage::Value from = contact.quiet ? storage::Value(std::int64_t{contact.quiet->from_minute}) : storage::Value(std::monostate{});
    const storage::Value to = contact.quiet ? storage::Value(std::int64_t{contact.quiet->to_minute}) : storage::Value(std::monostate{});
    writer_.submit({{}, [&](storage::Group& group) {
                        contact.changed = group.now();
                        group.connection().execute(
                            "INSERT INTO access_contact(person, phone, email, channels, language, quiet_from, quiet_to, changed_by, changed_us) "
                            "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(person) DO UPDATE SET phone = excluded.phone, email = excluded.email, "
                            "channels = excluded.channels, language = excluded.language, quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, "
                            "changed_by = excluded.changed_by, changed_us = excluded.changed_us",
                            {person, std::string_view(contact.phone), std::string_view(contact.email), std::string_view(channels),
                             std::string_view(contact.language), from, to, contact.changed_by, to_us(contact.changed)});
                        audit_.write(group, event);
                    }});
    const std::lock_guard lock(mutex_);
    Contact& kept = contacts_[person];
    if (kept.changed <= contact.changed) kept = contact;  // two who change it at once: the later commit stays
    return contact;
}

}  // namespace qiao::access
