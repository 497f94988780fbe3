#include "record/terminology/texts.hpp"

#include <algorithm>
#include <cstring>
#include <functional>

namespace qiao::record::terminology {

std::string_view TextArena::put(std::string_view text) {
    constexpr std::size_t kPiece_bytes = 64 * 1024;
    if (text.empty()) return {};
    if (text.size() > free_) {
        free_ = std::max(kPiece_bytes, text.size());
        pieces_.push_back(std::make_unique<char[]>(free_));
        next_ = pieces_.back().get();
        bytes_ += free_;
    }
    std::memcpy(next_, text.data(), text.size());
    const std::string_view kept(next_, text.size());
    next_ += text.size();
    free_ -= text.size();
    return kept;
}

std::size_t TextIndex::place_of(std::string_view text) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t place = std::hash<std::string_view>{}(text)&mask;
    while (slots_[place].number_1 != 0 && slots_[place].text != text) place = (place + 1) & mask;
    return place;
}

void TextIndex::grow() {
    std::vector<Slot> old(slots_.empty() ? 16 : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
        if (slot.number_1 != 0) slots_[place_of(slot.text)] = slot;
    }
}

bool TextIndex::add(std::string_view text, std::uint32_t number) {
    if (used_ * 2 >= slots_.size()) grow();
    Slot& slot = slots_[place_of(text)];
    if (slot.number_1 != 0) return false;
    slot = {text, number + 1};
    ++used_;
    return true;
}

std::int64_t TextIndex::find(std::string_view text) const {
    if (slots_.empty()) return -1;
    return static_cast<std::int64_t>(slots_[place_of(text)].number_1) - 1;
}

}  // namespace qiao::record::terminology
