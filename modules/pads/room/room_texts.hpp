// What a room tells the editor of a person whose edits it does not take. The editor shows the sentence as it is.
// Used by room*.cpp and connection.cpp; the sentences of HTTP responses are in modules/pads/texts.cpp.
#pragma once

#include <string_view>

namespace hameau::pads {

struct Denial {
    std::string_view french;
    std::string_view english;
};

inline constexpr Denial denied_read_only{"Lecture seule : vos modifications ne sont pas enregistrées.",
                                         "Read only: your changes are not saved."};
inline constexpr Denial denied_full{"Ce texte est plein : vos modifications ne sont pas enregistrées. Continuez dans un nouveau texte.",
                                    "This text is full: your changes are not saved. Go on in a new one."};
inline constexpr Denial denied_disk_low{
    "Le disque de la maison est presque plein : vos modifications restent dans cette page. Gardez-la ouverte et prévenez votre administrateur.",
    "The house's disk is almost full: your changes stay in this page. Keep it open and tell your administrator."};
inline constexpr Denial denied_quota_full{
    "L’association n’a plus de place : vos modifications restent dans cette page. Gardez-la ouverte et prévenez un responsable.",
    "The association has no room left: your changes stay in this page. Keep it open and tell a manager."};
inline constexpr Denial denied_guests_full{
    "Ce texte et ses images ont atteint la taille permise aux invités : vos modifications restent dans cette page. Gardez-la ouverte et prévenez un membre de l’association.",
    "This text and its images have reached the size allowed to guests: your changes stay in this page. Keep it open and tell a member of the association."};
inline constexpr Denial denied_memory_full{
    "Trop de longs textes sont ouverts en même temps : vos modifications restent dans cette page. Gardez-la ouverte et réessayez plus tard.",
    "Too many long texts are open at once: your changes stay in this page. Keep it open and try again later."};
inline constexpr Denial denied_from_now{"Ce texte est maintenant en lecture seule pour vous.", "This text is now read only for you."};
/// Followed by a number, for a visitor who gave no name.
inline constexpr Denial guest_name{"Invité ", "Guest "};
/// Behind the name that a guest gave.
inline constexpr Denial guest_mark{" (invité)", " (guest)"};

} // namespace hameau::pads
