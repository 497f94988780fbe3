#pragma once

#include "imaging/archive.hpp"

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

/// Objects on their way from gateways: an object is named by the SHA-256 of its data set, comes in pieces, and is durable up
/// to the answered offset. A file below the data folder is all there is of an unfinished one. Thread-safe.
namespace qiao::imaging {

inline constexpr std::uint64_t kGatewayObject_bytes = 2ULL << 30U;
inline constexpr std::uint64_t kGatewayPiece_bytes = 1ULL << 20U;
inline constexpr int kGatewayUnfinished = 256;  ///< a gateway

/// One piece of an object in its file form.
struct GatewayPiece {
    std::string digest;  ///< SHA-256 of the whole data set, 64 hex digits
    std::string sop_instance;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;  ///< of the whole object in its file form
    std::string_view bytes;
};

struct GatewayUpload {
    enum class State : std::uint8_t {
        open,
        stored,
        kept,     ///< stored, but not shown: it contradicts what is here
        refused,  ///< for good: sending it again will not help
    };
    State state = State::open;
    std::uint64_t offset = 0;  ///< so much is durable here
    std::string reason;        ///< of `kept` and `refused`
};

class GatewayUploads {
public:
    GatewayUploads(Archive& archive, std::string folder);

    /// What is here of an object. Error(invalid, "imaging.bad_upload") for what is no digest.
    GatewayUpload find(std::int64_t gateway, const std::string& digest, std::string_view sop_instance);
    /// Error(conflict): "imaging.upload_offset" when the piece begins elsewhere than the object ends here,
    /// "imaging.upload_busy" while another request adds to it; Error(invalid): "imaging.bad_upload", "imaging.digest_mismatch"
    /// (nothing of it is kept); Error(too_large): "imaging.object_too_large", "imaging.too_many_uploads";
    /// Error(unavailable): "storage.full", "storage.failed".
    GatewayUpload append(std::int64_t gateway, const GatewayPiece& piece, const Source& source);
    /// Drops what nobody added to for 7 days; a job calls it.
    void sweep();

private:
    class Turn;
    [[nodiscard]] std::string folder_of(std::int64_t gateway) const;
    std::uint64_t write(std::int64_t gateway, const std::string& path, const GatewayPiece& piece);
    GatewayUpload finish_file(const std::string& path, std::uint64_t size, const GatewayPiece& piece, const Source& source);
    GatewayUpload finish(std::string_view file, const Source& source);

    Archive& archive_;
    const std::string folder_;
    std::mutex mutex_;
    std::set<std::string> busy_;
};

}  // namespace qiao::imaging
