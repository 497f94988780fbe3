#include "imaging/devices.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "imaging/charset.hpp"
#include "imaging/socket.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::imaging {
namespace {

constexpr std::size_t kTitle_characters = 16;   // PS3.5 6.2, VR AE
constexpr std::size_t kIssuer_characters = 64;  // PS3.5 6.2, VR LO of (0010,0021)

[[noreturn]] void refuse(std::string_view code, const char* why) { throw Error(ErrorKind::invalid, code, why); }

/// PS3.5 6.2, VR AE: the default repertoire without backslash and control characters; blanks at the ends say nothing.
std::string checked_title(std::string_view title) {
    const auto plain = trim(title);
    const bool fine = std::all_of(plain.begin(), plain.end(), [](char c) { return c >= ' ' && c <= '~' && c != '\\'; });
    if (plain.empty() || plain.size() > kTitle_characters || !fine) {
        refuse("imaging.bad_ae_title", "an AE title has 1 to 16 printable ASCII characters without backslash");
    }
    return std::string(plain);
}

std::string checked_issuer(std::string_view issuer) {
    const auto plain = trim(issuer);
    const auto controls = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\\' || c == '\x7f'; };
    if (plain.size() > kIssuer_characters || !is_utf8(plain) || std::any_of(plain.begin(), plain.end(), controls)) {
        refuse("imaging.bad_issuer", "an issuer of patient ids has at most 64 characters without backslash");
    }
    return std::string(plain);
}

json::Value time_value(Instant at) { return at == Instant{} ? json::Value() : json::Value(format_instant(at)); }

}  // namespace

Devices::Devices(storage::Database& database, storage::Writer& writer, access::Audit& audit, const access::Directory& directory)
    : database_(database), writer_(writer), audit_(audit), directory_(directory) {}

Ae Devices::checked(Ae ae) const {
    ae.title = checked_title(ae.title);
    ae.address = numeric_address(trim(ae.address));
    if (ae.address.empty()) refuse("imaging.bad_address", "the numeric address of one machine is expected, such as 10.1.2.3");
    const auto organisation = directory_.organisation(ae.organisation);
    if (!organisation || !organisation->active) refuse("access.bad_organisation", "no such institution");
    ae.issuer = checked_issuer(ae.issuer);
    if (ae.issuer.empty()) ae.issuer = organisation->resource;
    if (!ae.default_charset.empty() && !is_charset(ae.default_charset)) refuse("imaging.bad_charset", "no character set that can be read");
    return ae;
}

access::AuditEvent Devices::event_of(const record::Actor& actor, std::string_view action, const Ae& ae) const {
    access::AuditEvent event = audit_.event_of(actor, action);
    event.type = "Device";
    event.detail = fmt::format("ae={} title={} address={} organisation={} store={} gateway={}", ae.id, ae.title, ae.address, ae.organisation,
                               ae.may_store ? 1 : 0, ae.gateway);
    return event;
}

void Devices::note_echo(const record::Actor& actor, const Ae& ae) { audit_.note(event_of(actor, "echo", ae)); }

json::Value Devices::value_of(const Ae& ae, const AeUse* use) const {
    json::Value value;
    value.set("id", std::to_string(ae.id));
    value.set("title", ae.title);
    value.set("address", ae.address);
    value.set("port", static_cast<int>(ae.port));
    if (const auto at = directory_.organisation(ae.organisation)) {
        value.set("organisation", json::Value::object({{"name", at->name}, {"nameEn", at->name_en}, {"resource", at->resource}}));
        value.set("issuer", ae.issuer == at->resource ? std::string() : ae.issuer);  // its own numbers need no name
    }
    value.set("charset", ae.default_charset);
    value.set("mayStore", ae.may_store);
    value.set("gateway", ae.gateway == 0 ? std::string() : std::to_string(ae.gateway));
    value.set("first", ae.goes_first);
    value.set("local", ae.gateway != 0 || is_loopback(ae.address));  // what comes from elsewhere comes unencrypted
    value.set("lastAssociation", time_value(use != nullptr ? use->associated : Instant{}));
    value.set("lastObject", time_value(use != nullptr ? use->stored : Instant{}));
    value.set("objects", use != nullptr ? use->objects : std::int64_t{0});
    return value;
}

}  // namespace qiao::imaging
