#include "imaging/dataset_walker.hpp"

#include "base/assert.hpp"
#include "base/digest.hpp"
#include "imaging/header_json.hpp"

#include <algorithm>
#include <charconv>

namespace qiao::imaging {
namespace {

constexpr Vr kSQ = vr_code("SQ");
constexpr Vr kUN = vr_code("UN");
constexpr Vr kUS = vr_code("US");
constexpr Vr kSS = vr_code("SS");
constexpr std::uint32_t kUndefined = 0xFFFFFFFFU;

std::uint32_t little(std::string_view bytes, std::size_t at, std::size_t width) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8U * i);
    return value;
}

Tag tag_at(std::string_view bytes) { return (little(bytes, 0, 2) << 16U) | little(bytes, 2, 2); }

bool is_pixel_tag(Tag tag) { return tag == tag::kPixelData || tag == tag::kFloatPixelData || tag == tag::kDoublePixelData; }

/// What the dictionary says, for implicit VR and for VRs that are no letters.
Vr dictionary_vr(Tag tag, bool signed_pixels) {
    if ((tag & 0xFFFFU) == 0) return vr_code("UL");
    if (((tag >> 16U) & 1U) != 0) return (tag & 0xFFFFU) >= 0x10 && (tag & 0xFFFFU) <= 0xFF ? vr_code("LO") : kUN;
    const auto* entry = find_tag(tag);
    if (entry == nullptr) return kUN;
    const bool follows_pixels = tag == tag::kPaddingValue || tag == 0x00280106 || tag == 0x00280107 || tag == 0x00280121;
    return follows_pixels && signed_pixels && entry->vr == kUS ? kSS : entry->vr;
}

}  // namespace

std::string_view Walked::text(Tag wanted) const {
    const auto found = std::find_if(values.begin(), values.end(), [&](const WalkedValue& value) { return value.tag == wanted; });
    return found == values.end() ? std::string_view() : std::string_view(found->text);
}

std::string_view Walked::first(Tag wanted) const {
    const auto all = text(wanted);
    return all.substr(0, all.find('\\'));
}

std::int64_t Walked::integer(Tag wanted, std::int64_t otherwise) const {
    auto number = first(wanted);
    if (number.starts_with('+')) number.remove_prefix(1);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    return error == std::errc() && end == number.data() + number.size() ? value : otherwise;
}

std::optional<std::uint64_t> frame_bits(const Walked& walked, std::uint64_t limit_bytes) {
    std::uint64_t bits = 1;
    // 4:2:2 keeps every second chrominance sample only (PS3.3 C.7.6.3.1.2).
    const auto photometric = walked.first(tag::kPhotometric);
    const auto samples = photometric == "YBR_FULL_422" || photometric == "YBR_PARTIAL_422" ? 2 : walked.integer(tag::kSamplesPerPixel, 1);
    for (const auto factor : {walked.integer(tag::kRows, 0), walked.integer(tag::kColumns, 0), samples, walked.integer(tag::kBitsAllocated, 8)}) {
        if (factor < 0 || __builtin_mul_overflow(bits, static_cast<std::uint64_t>(factor), &bits)) return std::nullopt;
    }
    if (bits / 8 > limit_bytes) return std::nullopt;
    return bits;
}

DatasetWalker::DatasetWalker(WalkOptions options) : options_(std::move(options)) {
    charsets_.emplace_back("", options_.site_charset);
    levels_.push_back({false, options_.implicit, true, false, kOpen, 0});
    json_.open('{');
}

std::optional<ParseError> DatasetWalker::feed(std::string_view bytes) {
    chunk_ = bytes;
    while (step()) {
    }
    chunk_ = {};
    return error_;
}

void DatasetWalker::jump(std::uint64_t position) {
    QIAO_ASSERT(pixels_ && position >= position_ && carry_.empty());
    position_ = position;
    pixels_ = false;
    remaining_ = 0;
    walked_.pixel_length = position - walked_.pixel_offset;
    if (writes()) write_bulk(walked_.pixel_offset, walked_.pixel_length);
    state_ = State::header;
}

Result<Walked> DatasetWalker::finish() {
    if (!error_ && state_ != State::header) fail("the data set ends inside an element");
    // One padding byte after the last element is common and harmless.
    if (!error_ && !carry_.empty() && carry_ != std::string_view("\0", 1)) fail("the data set ends inside an element header");
    if (!error_ && !at_root()) fail("the data set ends inside a sequence");
    if (error_) return *error_;
    json_.close('}');
    walked_.json = json_.take();
    walked_.size = position_ + carry_.size();
    if (walked_.pixel_offset == 0) walked_.header_length = walked_.size;
    for (const auto& charset : charsets_) walked_.charset_overruled |= charset.overruled();
    if (!frame_bits(walked_, options_.limits.frame_bytes)) return ParseError{"a decoded frame would exceed the limit", 0};
    return std::move(walked_);
}

bool DatasetWalker::fail(std::string message) {
    if (!error_) error_ = ParseError{std::move(message), position_};
    state_ = State::failed;
    return false;
}

std::optional<std::string_view> DatasetWalker::need(std::size_t count) {
    if (carry_.empty() && chunk_.size() >= count) {
        const auto bytes = chunk_.substr(0, count);
        chunk_.remove_prefix(count);
        position_ += count;
        return bytes;
    }
    const auto taken = std::min(count - carry_.size(), chunk_.size());
    carry_ += chunk_.substr(0, taken);
    chunk_.remove_prefix(taken);
    if (carry_.size() < count) return std::nullopt;
    scratch_.swap(carry_);
    carry_.clear();
    position_ += count;
    return scratch_;
}

bool DatasetWalker::step() {
    switch (state_) {
        case State::header: return step_header();
        case State::long_length: return step_long_length();
        case State::value: return step_value();
        case State::bulk: return step_bulk();
        case State::item: return step_item();
        case State::fragment_item: return step_fragment_item();
        case State::fragment: return step_fragment();
        case State::offset_table: return step_offset_table();
        case State::failed: return false;
    }
    return false;
}

bool DatasetWalker::writes() const {
    if (!at_root()) return levels_.back().writing;
    return options_.scope == JsonScope::all || query_level(tag_).has_value();
}

/// Ends the levels whose defined length is used up.
bool DatasetWalker::close_levels() {
    while (!at_root() && top().end == position_)
        if (!close_level()) return false;
    if (top().end < position_) return fail("an element is longer than the item or sequence it lies in");
    state_ = top().sequence ? State::item : State::header;
    return true;
}

bool DatasetWalker::close_level() {
    const auto closing = std::move(levels_.back());
    levels_.pop_back();
    if (closing.charset != top().charset) {
        walked_.charset_overruled |= charsets_.back().overruled();
        charsets_.erase(charsets_.begin() + static_cast<std::ptrdiff_t>(closing.charset), charsets_.end());
    }
    if (!closing.writing) return true;
    if (!closing.sequence) {
        json_.close('}');
        return true;
    }
    if (closing.has_items) json_.close(']');
    json_.close('}');
    if (at_root() && !walked_.values.empty() && walked_.values.back().json_length == 0) {
        auto& kept = walked_.values.back();
        kept.json_length = json_.text().size() - kept.json_offset;
    }
    return true;
}

/// Repeated attributes are refused: two readers could take different ones, and one may be the patient's identity.
bool DatasetWalker::note_tag() {
    auto& level = top();
    if (level.seen.size() >= options_.limits.attributes) return fail("more attributes in one item than the limit");
    if (tag_ <= level.last) {
        if (std::find(level.seen.begin(), level.seen.end(), tag_) != level.seen.end()) return fail("an attribute occurs twice");
        if (++disorder_ > options_.limits.disorder) return fail("attributes are not in order");
    }
    level.seen.push_back(tag_);
    level.last = std::max(level.last, tag_);
    return true;
}

bool DatasetWalker::step_header() {
    const auto start = position_;
    const auto bytes = need(8);
    if (!bytes) return false;
    element_offset_ = start;
    tag_ = tag_at(*bytes);
    if (tag_ == tag::kItemEnd) {
        if (at_root() || top().sequence || top().end != kOpen) return fail("an item delimiter where no item is open");
        return close_level() && close_levels();
    }
    if ((tag_ >> 16U) == 0xFFFE) return fail("a sequence delimiter or item where an attribute is expected");
    if ((tag_ >> 16U) == 0x0002 && at_root()) return fail("a file meta attribute inside the data set");
    if (tag_ == 0) return fail("a command or empty tag inside the data set");
    if (!note_tag()) return false;
    const bool signed_pixels = walked_.integer(tag::kPixelRepresentation, 0) == 1;
    const auto letters = static_cast<Vr>((static_cast<unsigned char>((*bytes)[4]) << 8U) | static_cast<unsigned char>((*bytes)[5]));
    const bool is_letters = (*bytes)[4] >= 'A' && (*bytes)[4] <= 'Z' && (*bytes)[5] >= 'A' && (*bytes)[5] <= 'Z';
    if (top().implicit || !is_letters) {
        vr_ = dictionary_vr(tag_, signed_pixels);
        const auto length = little(*bytes, 4, 4);
        return begin_element(length, length == kUndefined);
    }
    vr_ = letters;
    if (has_long_length(vr_)) {
        if (!is_known_vr(vr_)) vr_ = kUN;
        state_ = State::long_length;
        return true;
    }
    return begin_element(little(*bytes, 6, 2), false);
}

bool DatasetWalker::step_long_length() {
    const auto bytes = need(4);
    if (!bytes) return false;
    const auto length = little(*bytes, 0, 4);
    return begin_element(length, length == kUndefined);
}

bool DatasetWalker::begin_element(std::uint64_t length, bool undefined) {
    value_offset_ = position_;
    if (!undefined && top().end != kOpen && length > top().end - std::min(top().end, position_)) return fail("an element is longer than the item it lies in");
    if (at_root() && is_pixel_tag(tag_)) return begin_pixels(length, undefined);
    if (vr_ == kSQ || (undefined && (vr_ == kUN || (top().implicit && tag_ != tag::kPixelData)))) {
        const bool implicit = top().implicit || vr_ == kUN;
        vr_ = kSQ;
        return begin_sequence(length, undefined, implicit);
    }
    if (undefined) {  // a nested image, such as an icon
        if (tag_ != tag::kPixelData) return fail("an undefined length where none is allowed");
        pixels_ = false;
        offset_table_seen_ = false;
        state_ = State::fragment_item;
        return true;
    }
    if (length > options_.limits.inline_bytes && may_be_bulk(vr_)) return begin_bulk(length);
    if (length > options_.limits.value_bytes) return fail("a header value exceeds the limit");
    remaining_ = length;
    state_ = State::value;
    return true;
}

bool DatasetWalker::begin_bulk(std::uint64_t length) {
    remaining_ = length;
    pixels_ = false;
    if (writes()) write_bulk(value_offset_, length);
    state_ = State::bulk;
    return true;
}

bool DatasetWalker::begin_sequence(std::uint64_t length, bool undefined, bool implicit) {
    const auto sequences = levels_.size() / 2 + 1;
    if (sequences > options_.limits.nesting) return fail("sequences are nested deeper than the limit");
    const bool writing = writes();
    if (writing) {
        if (json_.text().size() > options_.limits.json_bytes) return fail("the header exceeds the limit");
        const auto begin = json_.text().size();
        json_.key(tag_text(tag_));
        json_.open('{');
        json_.field("vr", "SQ");
        if (at_root()) walked_.values.push_back({tag_, {}, begin + (json_.text()[begin] == ',' ? 1U : 0U), 0});
    }
    levels_.push_back({true, implicit, writing, false, undefined ? kOpen : position_ + length, top().charset});
    return close_levels();
}

bool DatasetWalker::step_item() {
    const auto bytes = need(8);
    if (!bytes) return false;
    const auto found = tag_at(*bytes);
    const auto length = little(*bytes, 4, 4);
    if (found == tag::kSequenceEnd) {
        if (top().end != kOpen) return fail("a sequence delimiter in a sequence of defined length");
        return close_level() && close_levels();
    }
    if (found != tag::kItem) return fail("something else than an item in a sequence");
    if (++items_ > options_.limits.items) return fail("more items than the limit");
    const bool undefined = length == kUndefined;
    if (!undefined && top().end != kOpen && length > top().end - std::min(top().end, position_)) return fail("an item is longer than its sequence");
    auto& sequence = top();
    if (sequence.writing) {
        if (json_.text().size() > options_.limits.json_bytes) return fail("the header exceeds the limit");
        if (!sequence.has_items) {
            json_.key("Value");
            json_.open('[');
        }
        json_.open('{');
        sequence.has_items = true;
    }
    levels_.push_back({false, sequence.implicit, sequence.writing, false, undefined ? kOpen : position_ + length, sequence.charset});
    return close_levels();
}

bool DatasetWalker::step_value() {
    const auto bytes = need(remaining_);
    if (!bytes) return false;
    end_value(*bytes);
    return error_ ? false : close_levels();
}

void DatasetWalker::end_value(std::string_view raw) {
    if ((tag_ & 0xFFFFU) == 0) return;  // group lengths say nothing about the object
    auto& level = top();
    if (tag_ == tag::kCharacterSet) {
        charsets_.emplace_back(raw, options_.site_charset);
        level.charset = charsets_.size() - 1;
    }
    auto& charset = charsets_[level.charset];
    const bool keep = at_root() && (query_level(tag_).has_value() || is_image_attribute(tag_));
    const bool write = writes();
    const auto begin = json_.text().size();
    if (write && begin > options_.limits.json_bytes) {
        fail("the header exceeds the limit");
        return;
    }
    if (write && tag_ == tag::kCharacterSet)
        write_element(json_, tag_, vr_, "ISO_IR 192", charset);
    else if (write)
        write_element(json_, tag_, vr_, raw, charset);
    if (!keep) return;
    const auto start = write && json_.text()[begin] == ',' ? begin + 1 : begin;
    walked_.values.push_back({tag_, value_text(vr_, raw, charset), start, json_.text().size() - start});
}

void DatasetWalker::write_bulk(std::uint64_t offset, std::uint64_t length) {
    json_.object(tag_text(tag_), [&] {
        const char letters[2] = {static_cast<char>(vr_ >> 8U), static_cast<char>(vr_ & 0xFFU)};
        json_.field("vr", std::string_view(letters, 2));
        json_.field("BulkDataURI", options_.bulk_base + "/" + std::to_string(offset) + "/" + std::to_string(length));
    });
}

Result<Walked> walk(std::string_view dataset, WalkOptions options) {
    DatasetWalker walker(std::move(options));
    if (const auto error = walker.feed(dataset)) return *error;
    return walker.finish();
}

}  // namespace qiao::imaging
