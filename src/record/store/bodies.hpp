#pragma once

#include "storage/database.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

/// Body text ↔ the bytes of res.body. The first byte is the number of a dictionary, 0 = plain text, 1 = zstd without one; the others
/// stand in `dict` and stay there as long as a body may need them. Any thread.
namespace qiao::record {

class Bodies {
public:
    static constexpr std::int64_t kFirst = 2, kLast = 255;  ///< numbers of dictionaries

    Bodies();
    ~Bodies();

    [[nodiscard]] std::string pack(std::string_view text) const;
    /// Replaces `out`. Throws Error(internal, "record.body_damaged") when the bytes are no body.
    void unpack(std::string_view bytes, std::string& out) const;
    /// Whether unpack() lacks its dictionary: another node made it meanwhile.
    [[nodiscard]] bool is_unknown(std::string_view bytes) const;
    /// Takes up the dictionaries of `dict` that are not known yet.
    void load(storage::Connection& connection);
    /// Whether bodies are packed with a dictionary.
    [[nodiscard]] bool has_dictionary() const { return newest_.load() != nullptr; }
    /// How many bodies were packed without one.
    [[nodiscard]] std::int64_t packed_without() const { return packed_without_.load(std::memory_order_relaxed); }

private:
    struct Dictionary;
    std::array<std::unique_ptr<Dictionary>, kLast + 1> known_;        ///< filled once each, with mutex_ held
    std::array<std::atomic<const Dictionary*>, kLast + 1> by_number_{};  ///< read by everybody
    std::atomic<const Dictionary*> newest_{nullptr};
    mutable std::atomic<std::int64_t> packed_without_{0};
    std::mutex mutex_;
};

/// What zstd makes of `samples` (texts of resources), 32 KiB; empty when they are too few or too alike.
std::string train_dictionary(std::span<const std::string> samples);

}  // namespace qiao::record
