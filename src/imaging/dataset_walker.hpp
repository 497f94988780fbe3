#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "imaging/charset.hpp"
#include "imaging/dictionary.hpp"
#include "imaging/frame_table.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Reads a DICOM data set once, as its bytes arrive, without recursion, I/O or a toolkit: every object passes here before
/// anything else looks at it. A walker belongs to one thread; memory is bounded by its limits, whatever the input claims.
namespace qiao::imaging {

struct WalkLimits {
    std::size_t nesting = 64;            ///< sequences inside one another
    std::uint64_t items = 1'000'000;     ///< items and fragments an object
    std::size_t attributes = 16'384;     ///< in one item
    std::uint64_t disorder = 1'000;      ///< attributes that stand behind a higher one, an object
    std::uint64_t value_bytes = 65'536;  ///< a header value that cannot be bulk data
    std::uint64_t inline_bytes = 1'024;  ///< longer binary values become bulk data
    std::uint64_t frame_bytes = 512ULL << 20U;
    std::size_t json_bytes = 32ULL << 20U;
};

/// Which root attributes are written as DICOM JSON.
enum class JsonScope : std::uint8_t {
    query,  ///< those that searches return
    all,
};

struct WalkOptions {
    bool implicit = false;      ///< implicit VR little endian, otherwise explicit
    bool encapsulated = false;  ///< PixelData comes in fragments
    std::string site_charset = {};
    JsonScope scope = JsonScope::query;
    /// Bulk values get `BulkDataURI` = this + "/OFFSET/LENGTH", counted from the start of the data set.
    std::string bulk_base = {};
    WalkLimits limits = {};
};

/// A root attribute that was kept.
struct WalkedValue {
    Tag tag = 0;
    std::string text;             ///< UTF-8, padding removed; numbers in decimal; several values joined by `\`
    std::size_t json_offset = 0;  ///< its `"GGGGEEEE":{…}` within Walked::json
    std::size_t json_length = 0;
};

struct Walked {
    std::vector<WalkedValue> values;  ///< ascending in well-formed input
    std::string json;                 ///< `{…}`: DICOM JSON (PS3.18 annex F) of the attributes in scope, in UTF-8
    std::uint64_t size = 0;           ///< bytes of the data set
    std::uint64_t header_length = 0;  ///< bytes before the PixelData element, or all
    std::uint64_t pixel_offset = 0;   ///< of PixelData's value; 0 = none
    std::uint64_t pixel_length = 0;   ///< to the end of its value, delimiters included
    FrameTable frames;
    bool charset_overruled = false;

    [[nodiscard]] std::string_view text(Tag tag) const;   ///< empty when absent
    [[nodiscard]] std::string_view first(Tag tag) const;  ///< first of several values
    [[nodiscard]] std::int64_t integer(Tag tag, std::int64_t otherwise) const;
    [[nodiscard]] std::string_view json_of(const WalkedValue& value) const { return std::string_view(json).substr(value.json_offset, value.json_length); }
};

/// Bytes of one frame of rows × columns × samples × bits; nothing when it overflows or exceeds `limit_bytes`.
std::optional<std::uint64_t> frame_bits(const Walked& walked, std::uint64_t limit_bytes);

class DatasetWalker {
public:
    explicit DatasetWalker(WalkOptions options);

    /// The next bytes of the data set. After an error every call returns it again.
    std::optional<ParseError> feed(std::string_view bytes);
    /// Goes on as if the bytes up to `position` had been fed: over PixelData whose place is known already. Valid only
    /// while the walker stands at or inside the value of root PixelData.
    void jump(std::uint64_t position);
    /// At the end of the data set: the result, or why it is none. The walker is spent.
    Result<Walked> finish();

private:
    enum class State : std::uint8_t { header, long_length, value, bulk, item, fragment_item, fragment, offset_table, failed };
    struct Level {
        bool sequence;
        bool implicit;
        bool writing;  ///< its content goes to the JSON
        bool has_items;
        std::uint64_t end;    ///< position, or kOpen
        std::size_t charset;  ///< index into charsets_
        Tag last = 0;
        std::vector<Tag> seen = {};
    };
    static constexpr std::uint64_t kOpen = std::numeric_limits<std::uint64_t>::max();

    bool step();  ///< false when more bytes are needed or the walk failed
    bool step_header();
    bool step_long_length();
    bool step_item();
    bool step_value();
    bool step_bulk();
    bool step_fragment_item();
    bool step_fragment();
    bool step_offset_table();

    bool begin_element(std::uint64_t length, bool undefined);
    bool begin_sequence(std::uint64_t length, bool undefined, bool implicit);
    bool begin_pixels(std::uint64_t length, bool undefined);
    bool lay_out_native(std::uint64_t length);
    bool begin_bulk(std::uint64_t length);
    bool note_tag();
    void end_fragments();
    bool close_levels();
    bool close_level();
    void end_value(std::string_view raw);
    void write_bulk(std::uint64_t offset, std::uint64_t length);
    void checksum_native(std::string_view bytes);
    bool fail(std::string message);

    std::optional<std::string_view> need(std::size_t count);
    [[nodiscard]] Level& top() { return levels_.back(); }
    [[nodiscard]] bool at_root() const { return levels_.size() == 1; }
    [[nodiscard]] bool writes() const;  ///< whether the current element goes to the JSON

    WalkOptions options_;
    State state_ = State::header;
    std::optional<ParseError> error_;
    std::string_view chunk_;
    std::string carry_;
    std::string scratch_;
    std::uint64_t position_ = 0;
    std::uint64_t items_ = 0;
    std::uint64_t disorder_ = 0;
    std::vector<Level> levels_;
    std::vector<Charset> charsets_;

    Tag tag_ = 0;
    Vr vr_ = 0;
    std::uint64_t element_offset_ = 0;
    std::uint64_t value_offset_ = 0;
    std::uint64_t remaining_ = 0;  ///< of a value or fragment
    bool pixels_ = false;          ///< the bulk or fragments are root PixelData
    std::size_t native_frame_ = 0;
    std::uint64_t fragments_offset_ = 0;  ///< of the first fragment's item header
    bool offset_table_seen_ = false;
    std::string offset_table_;
    std::uint32_t declared_frames_ = 1;
    std::vector<ScannedFragment> scanned_;

    JsonWriter json_;
    Walked walked_;
};

/// The whole data set at once.
Result<Walked> walk(std::string_view dataset, WalkOptions options);

}  // namespace qiao::imaging
