// The catalogue of pads.
#include "modules/pads/texts.hpp"

#include <array>

namespace hameau::pads {

namespace {
constexpr std::array texts = {
    CatalogueText{"pad_not_found", "Ce pad n’existe pas (ou plus). Un pad supprimé reste 30 jours dans la corbeille de l’association.",
                  "There is no such pad (any more). A deleted pad stays in the association's bin for 30 days."},
    CatalogueText{"pad_deleted", "Ce pad est dans la corbeille. Un responsable ou la personne qui l’a créé peut le remettre.",
                  "This pad is in the bin. A manager or the person who made it can put it back."},
    CatalogueText{"pad_no_access", "Ce pad ne vous est pas ouvert. Demandez l’accès à la personne qui l’a créé.",
                  "This pad is not open to you. Ask the person who made it."},
    CatalogueText{"pad_sign_in", "Connectez-vous, ou ouvrez le pad avec le lien complet que l’on vous a donné.",
                  "Sign in, or open the pad with the whole link that you were given."},
    CatalogueText{"pad_wrong_key", "Ce lien n’ouvre pas (ou plus) le pad. Demandez un nouveau lien.",
                  "This link does not open the pad (any more). Ask for a new link."},
    CatalogueText{"pad_read_only", "Vous pouvez lire ce pad, pas le modifier.", "You can read this pad, not change it."},
    CatalogueText{"pad_manage", "Seuls un responsable de l’association ou la personne qui a créé le pad peuvent faire cela.",
                  "Only a manager of the association or the person who made the pad can do this."},
    CatalogueText{"pad_slug_taken", "Un pad porte déjà ce nom court dans l’association. Choisissez-en un autre.",
                  "Another pad of the association has this short name. Choose another one."},
    CatalogueText{"pad_link_closed", "L’accès par lien est fermé pour ce pad. Ouvrez-le d’abord, en lecture ou en écriture.",
                  "Access by link is closed for this pad. Open it first, for reading or for writing."},
    CatalogueText{"pad_association", "Cette association n’existe pas.", "There is no such association."},
    CatalogueText{"pad_too_many", "L’association a déjà {limit} pads. Supprimez-en d’abord.",
                  "The association has {limit} pads already. Delete some first."},
    CatalogueText{"pad_room_full", "Trop de personnes sont sur ce pad en même temps. Réessayez plus tard.",
                  "Too many people are on this pad at once. Try again later."},
    CatalogueText{"pad_damaged", "Ce pad ne peut pas être lu. Rien n’a été effacé. Donnez la référence {reference} à votre administrateur.",
                  "This pad cannot be read. Nothing was erased. Give the reference {reference} to your administrator."},
    CatalogueText{"pad_format", "Choisissez un format parmi : {formats}.", "Choose one of these formats: {formats}."},
    CatalogueText{"pad_disk", "Le disque n’a pas pu enregistrer cela. Rien n’a été changé. Prévenez votre administrateur.",
                  "The disk could not take this. Nothing was changed. Tell your administrator."},
};
} // namespace

const Catalogue pads_catalogue = texts;

} // namespace hameau::pads
