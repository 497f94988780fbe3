#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// The bytes of one object as they arrive: in memory up to a size, then in an unnamed file of the archive's folder. One
/// thread.
namespace qiao::imaging {

class ObjectBuffer {
public:
    explicit ObjectBuffer(std::string folder, std::uint64_t memory_bytes = 16ULL << 20U);
    ~ObjectBuffer();
    ObjectBuffer(const ObjectBuffer&) = delete;
    ObjectBuffer& operator=(const ObjectBuffer&) = delete;

    /// Error(unavailable, "storage.full" or "storage.failed").
    void append(std::string_view bytes);
    /// All bytes; valid until the next call.
    std::string_view view();
    void clear();
    [[nodiscard]] std::uint64_t size() const { return size_; }

private:
    void spill();
    void unmap();

    const std::string folder_;
    const std::uint64_t memory_bytes_;
    std::string memory_;
    std::uint64_t size_ = 0;
    int file_ = -1;
    void* mapping_ = nullptr;
    std::uint64_t mapped_ = 0;
};

}  // namespace qiao::imaging
