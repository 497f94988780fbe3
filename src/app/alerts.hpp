#pragma once

#include "access/audit_check.hpp"
#include "access/security_notice.hpp"
#include "flow/engine.hpp"
#include "imaging/gateways.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What leaves the screen although it belongs to no case: emergency access, an administrator role to confirm, a gateway that
/// fell silent, an audit that does not check out, a certificate that ends. It goes the way of all notices (flow::Delivery):
/// the rules of the pack say whether, by which channels and in which words, and nothing of a patient is in it. Thread-safe;
/// tick() on one thread.
namespace qiao::app {

class Alerts {
public:
    Alerts(const flow::Engine& engine, const imaging::Gateways& gateways) : engine_(engine), gateways_(gateways) {}

    /// A person's own notice, in its commit, on the writer thread.
    void of_person(storage::Group& group, std::int64_t person, std::string_view code) const;
    /// The daily check of the audit found something. Blocks until durable.
    void audit_damaged() const;
    /// Tells the system administrators of gateways that have been silent for 15 minutes, once a silence, and, looking each
    /// hour, the security administrators of certificates that another authority made: 30, 7 and 1 days before one ends and
    /// when it has. Called every 20 s.
    void tick();

private:
    void gateways() const;
    void certificates() const;
    void tell(std::string_view code, std::initializer_list<std::string_view> roles, Instant since) const;

    const flow::Engine& engine_;
    const imaging::Gateways& gateways_;
    Instant certificates_looked_{};
};

}  // namespace qiao::app
