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
    CatalogueText{"pad_other_author", "Une autre personne s'est connectée ici depuis. Rechargez la page.", "Somebody else has signed in here since. Load the page again."},
    CatalogueText{"pad_room_full", "Trop de personnes sont sur ce pad en même temps. Réessayez plus tard.",
                  "Too many people are on this pad at once. Try again later."},
    CatalogueText{"pads_memory", "Trop de longs textes sont ouverts en même temps. Réessayez plus tard.",
                  "Too many long texts are open at once. Try again later."},
    CatalogueText{"pad_damaged", "Ce pad ne peut pas être lu. Rien n’a été effacé. Donnez la référence {reference} à votre administrateur.",
                  "This pad cannot be read. Nothing was erased. Give the reference {reference} to your administrator."},
    CatalogueText{"pad_export_large", "Ce pad a trop de parties pour être mis en document. Rien n’a été changé. Copiez ce qui compte dans un nouveau pad.",
                  "This pad has too many parts to be made into a document. Nothing was changed. Copy what matters into a new pad."},
    CatalogueText{"pad_format", "Choisissez un format parmi : {formats}.", "Choose one of these formats: {formats}."},
    CatalogueText{"image_unknown", "Ce fichier n’est pas une image PNG, JPEG, WebP ou GIF. Le pad n’a pas changé.",
                  "This file is no PNG, JPEG, WebP or GIF image. The pad has not changed."},
    CatalogueText{"image_damaged", "Cette image est abîmée ou incomplète. Le pad n’a pas changé. Essayez de l’enregistrer à nouveau.",
                  "This image is damaged or incomplete. The pad has not changed. Try to save it again."},
    CatalogueText{"image_too_many_pixels", "Cette image a trop de points (plus de 64 millions). Réduisez-la et envoyez-la à nouveau.",
                  "This image has too many pixels (more than 64 million). Make it smaller and send it again."},
    CatalogueText{"image_too_large", "Cette image pèse plus de {limit}. Réduisez-la et envoyez-la à nouveau.",
                  "This image is larger than {limit}. Make it smaller and send it again."},
    CatalogueText{"image_not_found", "Cette image n’est pas dans ce pad (ou n’y est plus).", "This image is not in this pad (any more)."},
    CatalogueText{"document_too_large", "Ce document pèse plus de {limit}. Rien n’a été créé. Coupez-le en plusieurs.",
                  "This document is larger than {limit}. Nothing was made. Cut it into several."},
    CatalogueText{"document_too_rich", "Ce document est trop grand pour un pad. Rien n’a été créé. Coupez-le en plusieurs.",
                  "This document is too large for a pad. Nothing was made. Cut it into several."},
    CatalogueText{"document_not_utf8", "Ce document n’est pas en UTF-8. Enregistrez-le en UTF-8 et envoyez-le à nouveau.",
                  "This document is not in UTF-8. Save it as UTF-8 and send it again."},
    CatalogueText{"import_images_unreadable", "Images du document non gardées : {count}, abîmées ou d’un autre genre que PNG, JPEG, WebP et GIF. Leur description est à leur place : vous pouvez les ajouter vous-même.",
                  "Images of the document that were not kept: {count}, damaged or of another kind than PNG, JPEG, WebP and GIF. Their descriptions stand in their places: you can add them yourself."},
    CatalogueText{"import_images_large", "Images du document non gardées : {count}, de plus de {limit} chacune. Leur description est à leur place : vous pouvez les ajouter vous-même.",
                  "Images of the document that were not kept: {count}, larger than {limit} each. Their descriptions stand in their places: you can add them yourself."},
    CatalogueText{"import_images_many", "Images du document non gardées : {count}, un document en apporte {images} au plus. Leur description est à leur place : vous pouvez les ajouter vous-même.",
                  "Images of the document that were not kept: {count}, a document brings {images} at most. Their descriptions stand in their places: you can add them yourself."},
    CatalogueText{"import_images_room", "Images du document non gardées : {count}, car l’association n’a plus assez de place. Leur description est à leur place : vous pouvez les ajouter vous-même.",
                  "Images of the document that were not kept: {count}, because the association has not enough room left. Their descriptions stand in their places: you can add them yourself."},
    CatalogueText{"import_images_busy", "Images du document non gardées : {count}, que le serveur n’a pas pu lire à ce moment. Leur description est à leur place : vous pouvez les ajouter vous-même.",
                  "Images of the document that were not kept: {count}, which the server could not read at that time. Their descriptions stand in their places: you can add them yourself."},
    CatalogueText{"pad_not_in_bin", "Ce pad n’est pas dans la corbeille. Supprimez-le d’abord.", "This pad is not in the bin. Delete it first."},
    CatalogueText{"pad_no_moment", "Ce moment n’est pas dans l’historique du pad.", "This moment is not in the pad's history."},
    CatalogueText{"pad_restored_unsaved", "Le pad est revenu à ce moment, mais le disque ne l’a pas encore enregistré : gardez la page ouverte et prévenez votre administrateur.",
                  "The pad is back at that moment, but the disk has not taken it yet: keep the page open and tell your administrator."},
    CatalogueText{"pad_history_large", "L’historique de ce pad est trop long pour être relu d’un coup. Rien n’a été changé.",
                  "The history of this pad is too long to be read at once. Nothing was changed."},
    CatalogueText{"pad_people", "Pour n’ouvrir le pad qu’à certaines personnes, fermez-le aux autres membres et au lien (access.members et access.link : none).",
                  "To open the pad to some people only, close it to the other members and to the link (access.members and access.link: none)."},
    CatalogueText{"pad_guests_full", "Ce texte et ses images ont atteint la taille permise aux invités ({limit}). L’image n’a pas été ajoutée. Demandez à un membre de l’association de l’ajouter.",
                  "This text and its images have reached the size allowed to guests ({limit}). The image was not added. Ask a member of the association to add it."},
    CatalogueText{"pad_disk", "Le disque n’a pas pu enregistrer cela. Rien n’a été changé. Prévenez votre administrateur.",
                  "The disk could not take this. Nothing was changed. Tell your administrator."},
    // Health, for admins.
    CatalogueText{"health_disk", "Le disque est presque plein : faites de la place, sinon les textes ne seront plus enregistrés.",
                  "The disk is almost full: make room, or texts will not be saved any more."},
    CatalogueText{"health_commits", "Des modifications ({kilobytes} Kio) ne sont pas encore enregistrées : vérifiez le disque. Elles sont "
                                    "gardées en mémoire et l'essai continue.",
                  "Changes ({kilobytes} KiB) are not saved yet: check the disk. They are kept in memory and saving goes on being tried."},
};
} // namespace

const Catalogue pads_catalogue = texts;

} // namespace hameau::pads
