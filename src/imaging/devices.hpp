#pragma once

#include "access/audit.hpp"
#include "access/organisation.hpp"
#include "access/session.hpp"
#include "base/json_value.hpp"
#include "http/router.hpp"
#include "imaging/instance_store.hpp"
#include "storage/database.hpp"
#include "storage/writer.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The table of DICOM devices: which AE title from which address belongs to which institution. It lies in the record's
/// database, because nothing else knows it and each change is audited in its own commit. Thread-safe; changes block until
/// they are durable.
namespace qiao::imaging {

/// Of the record's database.
std::span<const storage::Migration> device_migrations();

class Devices {
public:
    Devices(storage::Database& database, storage::Writer& writer, access::Audit& audit, const access::Directory& directory);

    [[nodiscard]] std::vector<Ae> all() const;  ///< by gateway and title
    [[nodiscard]] std::vector<Ae> of_gateway(std::int64_t gateway) const;
    [[nodiscard]] std::optional<Ae> find(std::int64_t id) const;
    /// Of those that call this centre itself.
    [[nodiscard]] std::optional<Ae> find(std::string_view title, std::string_view address) const;

    // Changes. Error(invalid): imaging.bad_ae_title, imaging.bad_address, imaging.bad_port, imaging.bad_issuer,
    // imaging.bad_charset, imaging.bad_gateway, access.bad_organisation; Error(conflict): imaging.ae_taken, imaging.too_many_devices;
    // Error(not_found, "imaging.no_device").
    Ae add(const record::Actor& actor, Ae ae);
    Ae change(const record::Actor& actor, Ae ae);
    void remove(const record::Actor& actor, std::int64_t id);
    /// Journals that `ae` was called.
    void note_echo(const record::Actor& actor, const Ae& ae);

    /// A device as routes and commands say it. @param use  null = never seen
    [[nodiscard]] json::Value value_of(const Ae& ae, const AeUse* use) const;

private:
    [[nodiscard]] Ae checked(Ae ae) const;
    [[nodiscard]] access::AuditEvent event_of(const record::Actor& actor, std::string_view action, const Ae& ae) const;
    void require_free(storage::Group& group, const Ae& ae) const;

    storage::Database& database_;
    storage::Writer& writer_;
    access::Audit& audit_;
    const access::Directory& directory_;
};

/// What the page says about this centre's own end.
struct DicomListening {
    std::string address;
    std::uint16_t port = 0;
    std::int64_t loopback_organisation = 0;  ///< `demo`: whose scanner calls from this machine; 0 = nobody's
};

/// A stable code for a reason of refusing; "other" for one that the page knows no remedy for.
std::string_view refusal_code(std::string_view phrase);

/// C-ECHO to a device behind a gateway: milliseconds, or an Error.
using EchoBehind = std::function<std::int64_t(std::int64_t gateway, std::int64_t device)>;

/// `/imaging/devices`: for system administrators only. Called once at start.
void add_device_routes(http::Router& router, Devices& devices, InstanceStore& store, access::Sessions& sessions, std::function<DicomListening()> listening,
                       EchoBehind echo_behind);

}  // namespace qiao::imaging
