#include "imaging/object_buffer.hpp"

#include "storage/file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cerrno>

namespace qiao::imaging {
namespace {

constexpr std::size_t kKept_bytes = 2ULL << 20U;  // of memory between objects

void write_all(int file, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(file, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) storage::throw_errno(errno, "spill");
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace

ObjectBuffer::ObjectBuffer(std::string folder, std::uint64_t memory_bytes) : folder_(std::move(folder)), memory_bytes_(memory_bytes) {}

ObjectBuffer::~ObjectBuffer() {
    unmap();
    if (file_ >= 0) ::close(file_);
}

void ObjectBuffer::append(std::string_view bytes) {
    unmap();
    if (file_ < 0 && size_ + bytes.size() > memory_bytes_) spill();
    if (file_ >= 0)
        write_all(file_, bytes);
    else
        memory_ += bytes;
    size_ += bytes.size();
}

void ObjectBuffer::spill() {
    file_ = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file_ < 0) storage::throw_errno(errno, "open spill");
    write_all(file_, memory_);
    memory_.clear();
    memory_.shrink_to_fit();
}

std::string_view ObjectBuffer::view() {
    if (file_ < 0) return memory_;
    if (mapping_ == nullptr) {
        mapping_ = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file_, 0);
        if (mapping_ == MAP_FAILED) {
            mapping_ = nullptr;
            storage::throw_errno(errno, "map spill");
        }
        mapped_ = size_;
    }
    return {static_cast<const char*>(mapping_), mapped_};
}

void ObjectBuffer::unmap() {
    if (mapping_ != nullptr) ::munmap(mapping_, mapped_);
    mapping_ = nullptr;
}

void ObjectBuffer::clear() {
    unmap();
    if (file_ >= 0) ::close(file_);
    file_ = -1;
    size_ = 0;
    memory_.clear();
    if (memory_.capacity() > kKept_bytes) memory_.shrink_to_fit();
}

}  // namespace qiao::imaging
