#pragma once

#include "access/audit.hpp"
#include "access/organisation.hpp"
#include "access/role.hpp"
#include "access/session.hpp"
#include "base/json_value.hpp"
#include "http/router.hpp"
#include "imaging/archive.hpp"
#include "imaging/devices.hpp"
#include "imaging/gateway_uploads.hpp"
#include "storage/database.hpp"
#include "storage/writer.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// Gateways: programs in the networks of institutions that take images from the scanners there and hand them over through
/// one outgoing connection (docs/gateway.md). Here is the centre's side: which there are, how one proves that it is it, what
/// each said of itself last. Thread-safe; changes block until they are durable.
namespace qiao::imaging {

struct Gateway {
    std::int64_t id = 0;
    std::string name;
    std::int64_t organisation = 0;  ///< everything that it hands over belongs to this institution
    std::string client;             ///< of `private_key_jwt`; empty before its first enrolment
    Instant created{};
    Instant enrolled{};    ///< the epoch = never
    Instant ended{};       ///< the epoch = it may work
    Instant code_until{};  ///< of an enrolment code that nobody used; the epoch = there is none
};

/// What a gateway said of itself last. Kept beside the index, lost with it.
struct GatewayReport {
    Instant at{};  ///< the epoch = nothing yet
    json::Value body;
    std::int64_t clock_offset_ms = 0;  ///< its clock minus ours
};

class Gateways {
public:
    Gateways(storage::Database& database, storage::Writer& writer, access::Audit& audit, access::Sessions& sessions, Archive& archive, Metrics& metrics);

    [[nodiscard]] std::vector<Gateway> all() const;  ///< by name; ended ones last
    [[nodiscard]] std::optional<Gateway> find(std::int64_t id) const;
    /// Whose token came with the request. Error(not_found, "imaging.no_gateway") when it has been ended.
    [[nodiscard]] Gateway of(const http::Request& request) const;

    struct Made {
        Gateway gateway;
        std::string code;  ///< for `qiao gateway --enrol`, valid once and 24 h; shown once
    };
    // Error(invalid): imaging.bad_gateway_name, access.bad_organisation; Error(conflict, "imaging.too_many_gateways");
    // Error(not_found, "imaging.no_gateway").
    Made add(const record::Actor& actor, std::string_view name, std::int64_t organisation);
    /// A new code, for a new machine. What was enrolled works until the code is used.
    Made renew_code(const record::Actor& actor, std::int64_t id);
    /// Its tokens end now; what it still holds it keeps.
    void end(const record::Actor& actor, std::int64_t id);
    /// A gateway with this code gets these keys (a JWK Set) from now on. Error(unauthenticated, "imaging.wrong_code"),
    /// Error(unavailable, "access.too_many_attempts"), Error(invalid, "access.bad_jwks").
    Gateway enrol(std::string_view code, std::string_view jwks, std::string_view audience, const http::Request& request);

    void keep_report(std::int64_t gateway, const GatewayReport& report);
    [[nodiscard]] GatewayReport report(std::int64_t gateway) const;

    // What a gateway is asked to do, told with the answer to its next report. In memory: who asked asks again.
    void ask_retry(std::int64_t gateway);
    /// A C-ECHO of the gateway to one of its devices; waits for the outcome. Error(unavailable): imaging.gateway_silent when
    /// it does not answer, else the gateway's own code. @return milliseconds
    std::int64_t ask_echo(std::int64_t gateway, std::int64_t device);
    json::Value take_wishes(std::int64_t gateway);
    void answer_echo(std::int64_t gateway, std::int64_t device, std::int64_t milliseconds, const std::string& failure);

    [[nodiscard]] const Clock& clock() const { return archive_.clock(); }
    [[nodiscard]] const access::Directory& directory() const { return sessions_.directory(); }

private:
    [[nodiscard]] access::AuditEvent event_of(const record::Actor& actor, std::string_view action, const Gateway& gateway) const;

    struct Echo {
        bool done = false;
        std::int64_t milliseconds = 0;
        std::string failure;
    };
    using EchoKey = std::pair<std::int64_t, std::int64_t>;  ///< gateway, device

    storage::Database& database_;
    storage::Writer& writer_;
    access::Audit& audit_;
    access::Sessions& sessions_;
    Archive& archive_;
    std::mutex mutex_;
    std::condition_variable answered_;
    std::set<std::int64_t> retries_;
    std::map<EchoKey, Echo> echoes_;
};

/// What an administrator has to look at.
enum class GatewayState : std::uint8_t {
    waiting,  ///< nobody has used its code yet
    online,   ///< reported within the last minute
    late,     ///< online, but its oldest object waits for more than 30 minutes, or objects were refused
    stopped,  ///< said that it stops, in order
    offline,  ///< has not reported for a minute
    lost,     ///< has not reported for 5 minutes
    ended,
};
GatewayState state_of(const Gateway& gateway, const GatewayReport& report, Instant now);
std::string_view name_of(GatewayState state);

struct GatewayPorts {
    Gateways& gateways;
    Devices& devices;
    GatewayUploads& uploads;
    access::Sessions& sessions;
    /// What a gateway's signed requests name: the address of /oauth/token.
    std::function<std::string()> audience;
};

/// `/imaging/gateways` for system administrators, `/imaging/gateway` for the gateways. Called once at start.
void add_gateway_routes(http::Router& router, GatewayPorts ports);

}  // namespace qiao::imaging
