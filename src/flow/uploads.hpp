#pragma once

#include "flow/engine.hpp"

#include <string>
#include <string_view>

/// Attachments of cases that come over broken lines: opened with their size, sent in pieces of any length, durable up to the
/// answered offset. Thread-safe; two writers of one upload are told the right offset.
namespace qiao::flow {

inline constexpr std::int64_t kAttachment_bytes = 20LL << 20;
inline constexpr int kPhotosMax = 10;
inline constexpr int kAttachmentsMax = 200;
inline constexpr std::int64_t kChunk_bytes = 256 * 1024;

class Uploads {
public:
    /// @param folder  for what is not complete yet; made when missing
    Uploads(Engine& engine, std::string folder);

    struct State {
        std::string id;
        std::int64_t offset_bytes = 0;
        std::int64_t size_bytes = 0;
        std::optional<Attachment> attachment;  ///< once complete
        bool fresh = false;                    ///< opened by this call
    };
    /// The same upload_id again continues. Error(invalid): flow.bad_field; Error(too_large, "flow.too_many_attachments").
    State open(const record::Caller& caller, std::string_view case_id, const json::Value& request);
    State find(const record::Caller& caller, std::string_view case_id, std::string_view upload_id) const;
    /// Error(conflict, "flow.upload_offset") with the right one in its message; "flow.bad_image", "flow.digest_mismatch"
    /// when the complete bytes are refused.
    State append(const record::Caller& caller, std::string_view case_id, std::string_view upload_id, std::int64_t offset, std::string_view bytes);
    void remove_attachment(const record::Caller& caller, std::string_view case_id, int n);
    /// Drops what nobody finished in 7 days; a job calls it.
    void sweep();

private:
    [[nodiscard]] std::string path_of(std::string_view upload_id) const;
    Attachment complete(const record::Caller& caller, const Visible& visible, const std::string& upload_id, const json::Value& request);
    void drop(std::string_view upload_id);

    Engine& engine_;
    std::string folder_;
};

}  // namespace qiao::flow
