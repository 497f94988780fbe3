#include "access/audit_heads.hpp"
#include "access/certificate.hpp"
#include "app/backup/findings.hpp"
#include "app/check_store.hpp"
#include "app/commands.hpp"
#include "app/control.hpp"
#include "app/volume.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "flow/pack.hpp"
#include "imaging/socket.hpp"
#include "storage/file.hpp"
#include "storage/place.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>

namespace qiao::app {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr int kFull_percent = 95;  // imaging::ArchiveOptions::full_percent
constexpr int kAlarm_percent = 85;
constexpr days kCertificateSoon{30};
constexpr days kClientForgotten{90};
constexpr std::chrono::minutes kHeadLate{5};  // a running server signs one a minute
constexpr auto kCheckLate = hours(48);

/// Collects what is said and whether anything must be done. `ok` fine, `note` good to know, `warning` a risk that is
/// somebody's decision, `WRONG` must be mended.
class Findings {
public:
    static void good(const std::string& text) { fmt::print("ok       {}\n", text); }
    static void note(const std::string& text) { fmt::print("note     {}\n", text); }
    static void warn(const std::string& text) { fmt::print("warning  {}\n", text); }
    void wrong(const std::string& text) {
        fmt::print("WRONG    {}\n", text);
        ++count_;
    }
    /// A boundary: a part that cannot be looked at is a finding, and the others are still looked at.
    void part(const std::string& what, const std::function<void()>& look) {
        try {
            look();
        } catch (const Error& error) {
            wrong(fmt::format("{}: {} ({})", what, error.what(), error.code()));
        }
    }
    [[nodiscard]] int count() const { return count_; }

private:
    int count_ = 0;
};

std::string day_of(Instant at) { return format_instant(at).substr(0, 10); }

std::string age_text(Instant since, Instant now) {
    const auto age = now - since;
    if (age < hours(1)) return fmt::format("{} min ago", std::chrono::duration_cast<std::chrono::minutes>(age).count());
    if (age < days(2)) return fmt::format("{} h ago", std::chrono::duration_cast<hours>(age).count());
    return fmt::format("{} days ago", std::chrono::duration_cast<days>(age).count());
}

void check_key_file(const std::string& file, Findings& findings) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) return;
    const std::string name = std::filesystem::path(file).filename().string();
    if ((status.st_mode & 0077) != 0)
        findings.wrong(fmt::format("{} is open to other users (mode {:o}); make it 400", name, status.st_mode & 0777));
    else
        Findings::good(name + " belongs to its user alone");
}

void check_folder(const std::string& folder, Findings& findings) {
    struct stat status {};
    ::stat(folder.c_str(), &status);
    if ((status.st_mode & 0077) != 0)
        findings.wrong(fmt::format("the data folder is open to other users (mode {:o}); make it 700", status.st_mode & 0777));
    else
        Findings::good("the data folder belongs to its user alone");
    const Volume volume = volume_of(folder);
    const std::string space = fmt::format("{:.1f} GiB free, the volume is {} % full", volume.free_gib, volume.used_percent);
    if (volume.used_percent >= kFull_percent)
        findings.wrong(fmt::format("{}: new images are refused from {} %", space, kFull_percent));
    else if (volume.used_percent >= kAlarm_percent)
        findings.wrong(fmt::format("{}: make space soon, from {} % new images are refused", space, kFull_percent));
    else
        Findings::good(space);
    switch (encryption_of(folder)) {
        case Encryption::encrypted: Findings::good("the volume is encrypted"); break;
        case Encryption::none_seen:
            Findings::warn("the volume is not encrypted by this system; a lost disk shows everything unless the disk encrypts by itself");
            break;
        case Encryption::unknown: Findings::note("whether the volume is encrypted cannot be told from here: unknown"); break;
    }
    for (const char* key : {"/master.key", "/audit-head.key"}) check_key_file(folder + key, findings);
    if (std::filesystem::exists(folder + "/master.key"))
        Findings::note("keep a copy of master.key away from this machine: without it nobody can sign and no authenticator code is taken");
}

std::string name_of_database(const std::string& place) {
    return storage::is_on_server(place) ? "the schema " + place.substr(place.rfind('#') + 1) : std::filesystem::path(place).filename().string();
}

void check_database(const std::string& place, Findings& findings) {
    const std::string name = name_of_database(place);
    if (!storage::is_on_server(place) && !std::filesystem::exists(place)) {
        Findings::note(name + " does not exist yet");
        return;
    }
    const auto database = storage::open_database(place, storage::Durability::full);
    if (database->is_whole())
        Findings::good(name + " is whole");
    else
        findings.wrong(name + " is damaged: restore a backup");
}

void check_clients(const CentreRows& rows, Instant now, Findings& findings) {
    if (rows.clients.empty()) Findings::good("no client of another system exists");
    for (const ClientRow& client : rows.clients) {
        const bool used = client.used != Instant{};
        const std::string who = fmt::format("client \"{}\" ({}, {}{}), made {}", client.name, client.id, client.role,
                                            client.role == "integration" ? ": reads and writes the whole record" : "", day_of(client.created));
        if (now - std::max(client.used, client.created) > kClientForgotten)
            findings.wrong(fmt::format("{}, {}: if nobody needs it, qiao client revoke --id {}", who,
                                       used ? "last used " + age_text(client.used, now) : "never used", client.id));
        else
            Findings::note(fmt::format("{}, {}", who, used ? "last used " + age_text(client.used, now) : "not used yet"));
    }
}

void check_devices(const CentreRows& rows, Findings& findings) {
    if (rows.devices.empty()) Findings::note("no DICOM device is listed: no scanner can send (qiao ae add)");
    for (const DeviceRow& device : rows.devices) {
        const std::string who = fmt::format("device {} from {} of {}", device.title, device.address, device.organisation);
        if (device.organisation.empty())
            findings.wrong(fmt::format("device {} from {} belongs to no active institution: remove it or give it another", device.title, device.address));
        else if (imaging::is_loopback(device.address))
            Findings::note(who);
        else
            Findings::warn(who + ": plain DICOM over the network; only a closed network or a VPN may reach the DICOM port");
    }
}

/// A certificate of the built-in authority is renewed by itself at the next signature; without another authority's its holder
/// cannot sign.
void check_certificates(const CentreRows& rows, Instant now, Findings& findings) {
    std::size_t by_other = 0;
    for (const CertificateRow& one : rows.certificates) {
        if (one.kind == "authority") {
            if (one.expires - now <= 365 * days(1)) findings.wrong("the certificate of the built-in authority ends on " + day_of(one.expires));
            continue;
        }
        if (!one.by_other) continue;
        const std::string who = fmt::format("the certificate of {} {}", one.kind == "seal" ? "the seal of" : "the signer", one.holder);
        const char* const remedy = "ask its authority for a new one (qiao ca csr, qiao ca import)";
        if (one.revoked)
            findings.wrong(fmt::format("{} was revoked, so nothing is signed with it: {}, or qiao ca built-in", who, remedy));
        else if (one.expires <= now)
            findings.wrong(fmt::format("{} ended on {}, so nothing is signed with it: {}, or qiao ca built-in", who, day_of(one.expires), remedy));
        else if (++by_other; one.expires - now < kCertificateSoon)
            findings.wrong(fmt::format("{} ends on {}: {}", who, day_of(one.expires), remedy));
    }
    for (const AuthorityRow& one : rows.authorities) {
        if (!one.in_use) continue;
        if (one.list_made == Instant{})
            Findings::warn(
                fmt::format("authority \"{}\": no revocation list was given, so a certificate that it withdrew still counts (qiao ca crl)", one.name));
        else if (one.list_next <= now)
            findings.wrong(
                fmt::format("authority \"{}\": its revocation list was good until {}: take the new one (qiao ca crl)", one.name, day_of(one.list_next)));
        else
            Findings::good(fmt::format("authority \"{}\": revocation list of {}, good until {}", one.name, day_of(one.list_made), day_of(one.list_next)));
    }
    if (rows.certificates.empty()) return;
    if (by_other == 0)
        Findings::note("signatures rest on the built-in authority: paper and the verification page say that they show integrity only");
    else
        Findings::note(fmt::format("{} of the keys that sign have the certificate of another authority", by_other));
}

void check_administrators(const CentreRows& rows, Findings& findings) {
    const auto somebody = [&](std::string_view role) {
        return std::any_of(rows.administrators.begin(), rows.administrators.end(),
                           [&](const AdministratorRow& one) { return std::find(one.roles.begin(), one.roles.end(), role) != one.roles.end(); });
    };
    for (const AdministratorRow& one : rows.administrators) {
        if (one.roles.size() < 2) continue;
        const std::string text = fmt::format("{} is {} at once", one.login, fmt::join(one.roles, " and "));
        if (std::find(one.roles.begin(), one.roles.end(), "audit_admin") != one.roles.end())
            findings.wrong(text + ": who reads the audit must be nobody who is read about");
        else
            Findings::warn(text + ": give one of them to another person when there is one");
    }
    if (!somebody("security_admin")) Findings::warn("nobody is security_admin: nobody can add or end people");
    if (!somebody("audit_admin")) Findings::warn("nobody is audit_admin: nobody reads the audit");
}

/// The time of the last line of audit-heads.log: "qiao-audit-head-1 1 <seq> <hash> <time> <signature>".
void check_audit(const std::string& folder, const CentreRows& rows, bool running, Instant now, Findings& findings) {
    if (rows.audit_rows == 0) {
        Findings::note("the audit is empty");
        return;
    }
    const std::string file = folder + "/audit-heads.log";
    if (!std::filesystem::exists(file)) {
        if (now - rows.audit_began > kHeadLate)
            findings.wrong("the audit has rows but audit-heads.log is missing");
        else
            Findings::note("the audit has no signed head yet: the first comes a minute after the start");
        return;
    }
    const std::string text = storage::read_file(file);
    const std::string_view lines = trim(text);
    const auto words = split(lines.substr(lines.rfind('\n') == std::string_view::npos ? 0 : lines.rfind('\n') + 1), ' ');
    const auto at = words.size() == 6 ? parse_instant(words[4]) : std::nullopt;
    if (!at) {
        findings.wrong("audit-heads.log has no last line that can be read: run qiao verify-audit");
        return;
    }
    const std::string said = fmt::format("the audit has {} rows; its last signed head is of {}", rows.audit_rows, age_text(*at, now));
    if (running && now - *at > kHeadLate)
        findings.wrong(said + ", although the server runs: look at its log");
    else
        Findings::good(said);
}

/// The heads in the folder of another machine: whether they come, are this centre's and lie elsewhere.
void check_heads_outside(const Options& options, const CentreRows& rows, bool running, Instant now, Findings& findings) {
    const std::string& folder = options.audit_heads_to;
    if (folder.empty()) {
        Findings::warn("audit_heads_to is not set: who owns this machine can make the audit anew, and nothing elsewhere shows it");
        return;
    }
    struct stat own {}, other {};
    if (::stat(options.data_folder.c_str(), &own) != 0 || ::stat(folder.c_str(), &other) != 0) {
        findings.wrong("the folder of audit_heads_to cannot be reached");
        return;
    }
    if (own.st_dev == other.st_dev) Findings::warn("audit_heads_to lies on the volume of the data folder: name a folder of another machine");
    if (rows.audit_rows == 0) return;
    const std::string file = folder + "/" + std::string(access::kHeadsName);
    const std::string key_file = options.data_folder + "/" + std::string(access::kHeadKeyName);
    if (!std::filesystem::exists(file)) {
        if (running && now - rows.audit_began > kHeadLate)
            findings.wrong("no signed head came to audit_heads_to, although the server runs: look at its log");
        else
            Findings::note("no signed head came to audit_heads_to yet");
        return;
    }
    const access::HeadsFile heads = access::read_heads(file, storage::read_file(key_file));
    const auto at = parse_instant(heads.last_time);
    if (!at || !heads.forged.empty())
        findings.wrong("audit_heads_to holds heads that this centre's key did not sign: run qiao verify-audit --heads " + file);
    else if (running && now - *at > kHeadLate)
        findings.wrong(fmt::format("the last signed head in audit_heads_to is of {}, although the server runs: look at its log", age_text(*at, now)));
    else
        Findings::good(fmt::format("the last signed head in audit_heads_to is of {}", age_text(*at, now)));
}

/// What the daily check of the whole chain found last.
void check_audit_checked(const CentreRows& rows, bool running, Instant now, Findings& findings) {
    if (rows.audit_rows == 0) return;
    if (rows.audit_defects > 0)
        findings.wrong(
            fmt::format("the audit does not check out: {} defects, found {}; run qiao verify-audit", rows.audit_defects, age_text(rows.audit_checked, now)));
    else if (rows.audit_checked == Instant{})
        Findings::note("the audit was not checked as a whole yet: the server does it once a day");
    else if (running && now - rows.audit_checked > kCheckLate)
        findings.wrong("the audit was last checked " + age_text(rows.audit_checked, now) + ", although the server runs: look at its log");
    else
        Findings::good("the whole audit was checked " + age_text(rows.audit_checked, now) + " and is whole");
}

void check_serving(const Options& options, Instant now, Findings& findings) {
    const auto pack = flow::Pack::load(find_shared().packs + "/" + options.pack, now);
    Findings::good("country pack " + pack->name());
    if (!options.certificate_file.empty()) {
        const Instant until = access::expiry_of(storage::read_file(options.certificate_file));
        if (until == Instant{})
            findings.wrong("the TLS certificate cannot be read");
        else if (until <= now)
            findings.wrong("the TLS certificate ended on " + day_of(until));
        else if (until - now < kCertificateSoon)
            findings.wrong("the TLS certificate ends on " + day_of(until) + ": renew it; it is read again without a restart");
        else
            Findings::good("the TLS certificate is good until " + day_of(until));
        check_key_file(options.key_file, findings);
    }
    if (!options.http.loopback() && options.public_url.empty())
        Findings::warn("public_url is not set: links in messages and codes on paper name the address that the server listens on");
}

void check_backups(const std::string& folder, Instant now, Findings& findings) {
    for (const auto& one : backup::findings(folder, now)) {
        switch (one.level) {
            case backup::Finding::Level::good: Findings::good(one.text); break;
            case backup::Finding::Level::warning: Findings::warn(one.text); break;
            case backup::Finding::Level::wrong: findings.wrong(one.text); break;
        }
    }
}

}  // namespace

int check(const Options& options) {
    Findings findings;
    const std::string& folder = options.data_folder;
    const Instant now = SystemClock().now();
    if (!std::filesystem::is_directory(folder)) {
        findings.wrong("the data folder does not exist");
        return 1;
    }
    const bool running = server_runs_on(folder);
    Findings::note(running ? "a server runs on this data folder" : "no server runs on this data folder");
    findings.part("the data folder", [&] { check_folder(folder, findings); });
    for (const char* name : {"record", "imaging"}) {
        const std::string place = options.place_of(name);
        findings.part(name_of_database(place), [&] { check_database(place, findings); });
    }
    findings.part("what is served", [&] { check_serving(options, now, findings); });
    if (storage::is_on_server(options.place_of("record")) || std::filesystem::exists(folder + "/record.db")) {
        findings.part("the tables of the record", [&] {
            const CentreRows rows = read_centre(*storage::open_database(options.place_of("record"), storage::Durability::full), now);
            if (rows.demo) Findings::warn("this is the demo network: its people are invented; keep no real patient here");
            check_clients(rows, now, findings);
            check_devices(rows, findings);
            check_certificates(rows, now, findings);
            check_administrators(rows, findings);
            check_audit(folder, rows, running, now, findings);
            check_heads_outside(options, rows, running, now, findings);
            check_audit_checked(rows, running, now, findings);
        });
    }
    if (storage::is_on_server(options.place_of("record")))
        Findings::note("the records are in PostgreSQL: backups are made with its own tools, and are not seen from here (docs/operations.md)");
    else
        findings.part("the backups", [&] { check_backups(folder, now, findings); });
    if (findings.count() > 0) fmt::print("{} to mend\n", findings.count());
    return findings.count() == 0 ? 0 : 1;
}

}  // namespace qiao::app
