#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

/// Containers of many short texts: what code systems and value sets are made of. Filled by one thread, then read by any.
namespace qiao::record::terminology {

/// Keeps copies of texts in large pieces; what put() returned lives as long as this.
class TextArena {
public:
    std::string_view put(std::string_view text);
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    std::vector<std::unique_ptr<char[]>> pieces_;
    std::size_t free_ = 0;  ///< at the end of the last piece
    char* next_ = nullptr;
    std::size_t bytes_ = 0;
};

/// From a text to its number in a list, by hash.
class TextIndex {
public:
    /// The same text again keeps its first number. @return false then
    bool add(std::string_view text, std::uint32_t number);
    /// -1 when it is not there.
    [[nodiscard]] std::int64_t find(std::string_view text) const;
    [[nodiscard]] std::size_t bytes() const { return slots_.size() * sizeof(Slot); }

private:
    struct Slot {
        std::string_view text;
        std::uint32_t number_1 = 0;  ///< + 1; 0 = free
    };
    [[nodiscard]] std::size_t place_of(std::string_view text) const;
    void grow();

    std::vector<Slot> slots_;
    std::size_t used_ = 0;
};

}  // namespace qiao::record::terminology
