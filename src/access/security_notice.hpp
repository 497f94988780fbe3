#pragma once

#include "base/time.hpp"
#include "storage/writer.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// What happened to a person's own access (a factor added, a recovery code used, a reset begun): told at once to their open
/// pages and kept for the page of their own security. Thread-safe.
namespace qiao::access {

struct SecurityNotice {
    Instant at{};
    std::string code;     ///< "totp_added", "recovery_code_used", … : translated by the page
    std::string detail;   ///< name of a factor, number of codes left; no more
    std::string address;  ///< from where
};

class SecurityNotices {
public:
    explicit SecurityNotices(storage::Database& database) : database_(database) {}

    /// Keeps it in the commit of what it tells of, the newest 30 a person; tells the open pages after the commit.
    void write(storage::Group& group, std::int64_t person, std::string_view code, std::string_view detail = {}, std::string_view address = {});
    [[nodiscard]] std::vector<SecurityNotice> of(std::int64_t person);
    /// Called on the writer thread. Set once at start.
    void on_notice(std::function<void(std::int64_t person, std::string_view code)> listener) { listener_ = std::move(listener); }

    /// Called in the commit of each notice, on the writer thread: what leaves the screen besides. Set once at start.
    void on_write(std::function<void(storage::Group& group, std::int64_t person, std::string_view code)> also) { also_ = std::move(also); }

private:
    storage::Database& database_;
    std::function<void(std::int64_t, std::string_view)> listener_;
    std::function<void(storage::Group&, std::int64_t, std::string_view)> also_;
};

}  // namespace qiao::access
