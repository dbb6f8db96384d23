// What mail says, in French and English. Members and managers read these: no word of the trade.
#include <array>

#include "modules/mail/mail_module.hpp"

namespace hameau::mail {

namespace {

constexpr std::array texts = {
    CatalogueText{"no_association", "Le courrier ne connaît pas cette association. Réessayez dans un instant.",
                  "Mail does not know this association. Try again in a moment."},
    CatalogueText{"no_such_domain", "L'association n'a pas ce domaine.", "The association does not have this domain."},
    CatalogueText{"look_trial", "Cette maison d'essai ne demande rien à internet. Indiquez d'abord qui elle peut interroger (mail.check_resolvers).",
                  "This trial house asks nothing of the internet. Say first whom it may ask (mail.check_resolvers)."},
    CatalogueText{"look_running", "Une vérification est déjà en cours pour votre association. Attendez qu'elle se termine, puis réessayez.",
                  "A check is running already for your association. Wait until it has ended, then try again."},
    CatalogueText{"looks_of_others", "La maison fait déjà des vérifications pour d'autres associations. Réessayez dans quelques secondes.",
                  "The house is running checks for other associations already. Try again in a few seconds."},
    CatalogueText{"look_often", "Vous venez de vérifier plusieurs fois. Attendez une minute : un changement met de toute façon quelques minutes à se voir.",
                  "You have just checked several times. Wait a minute: a change takes some minutes to be seen anyway."},
    CatalogueText{"no_mailbox", "Il n'y a pas de boîte à cette adresse.", "There is no mailbox at this address."},
    CatalogueText{"no_alias", "Il n'y a pas de redirection à cette adresse.", "There is no redirection at this address."},
    CatalogueText{"taken_mailbox", "{address} est déjà une boîte de quelqu'un. Choisissez une autre adresse. Rien n'a été changé.",
                  "{address} is someone's mailbox already. Choose another address. Nothing was changed."},
    CatalogueText{"taken_alias", "{address} est déjà une adresse de redirection. Changez-la, ou choisissez une autre adresse. "
                                 "Rien n'a été changé.",
                  "{address} is an address of redirection already. Change that one, or choose another address. Nothing was changed."},
    CatalogueText{"taken_group", "{address} est déjà l'adresse d'un groupe. Choisissez une autre adresse. Rien n'a été changé.",
                  "{address} is the address of a group already. Choose another address. Nothing was changed."},
    CatalogueText{"taken_reserved", "{address} est en train d'être donnée à quelqu'un. Réessayez dans quelques minutes. Rien n'a été changé.",
                  "{address} is being given to someone just now. Try again in a few minutes. Nothing was changed."},
    CatalogueText{"taken_bin", "{address} est l'adresse d'une boîte qui est à la corbeille. Remettez cette boîte, ou effacez-la pour de bon. "
                               "Rien n'a été changé.",
                  "{address} is the address of a mailbox that is in the bin. Restore that mailbox, or erase it for good. "
                  "Nothing was changed."},
    CatalogueText{"not_in_bin", "Aucune boîte de cette adresse n'est dans la corbeille.", "No mailbox of that address is in the bin."},
    CatalogueText{"domain_lost", "{address} ne se termine plus par un domaine de l'association. La boîte reste à la corbeille.",
                  "{address} does not end with a domain of the association any more. The mailbox stays in the bin."},
    CatalogueText{"owner_gone", "La personne de cette boîte n'est plus dans l'association. Ajoutez-la d'abord. La boîte reste à la corbeille.",
                  "The person of this mailbox is not in the association any more. Add them first. The mailbox stays in the bin."},
    CatalogueText{"came_back", "Cette boîte était à la corbeille. Elle revient avec ses messages.",
                  "This mailbox was in the bin. It comes back with its messages."},
    CatalogueText{"links_lost", "La boîte est revenue, mais ces liens n'ont pas pu revenir : {addresses}. Vérifiez où vont leurs messages.",
                  "The mailbox is back, but these links could not come back: {addresses}. Check where their messages go."},
    CatalogueText{"erase_pending", "La boîte est effacée de la maison, mais des messages sont encore sur le disque. La maison continue toute seule. "
                                   "Prévenez l'administrateur si cela dure.",
                  "The mailbox is erased from the house, but some messages are still on the disk. The house goes on by itself. "
                  "Tell the admin if it lasts."},
    CatalogueText{"mailbox_local", "Avant « @ » : des lettres sans accent, des chiffres, « . », « - » ou « _ », une lettre ou un "
                                   "chiffre au début et à la fin.",
                  "Before \"@\": letters without accents, digits, \".\", \"-\" or \"_\", with a letter or a digit at both ends."},
    CatalogueText{"alias_local", "Avant « @ » : des lettres sans accent, des chiffres, « . », « - », « _ » ou « + », une lettre ou un "
                                 "chiffre au début et à la fin.",
                  "Before \"@\": letters without accents, digits, \".\", \"-\", \"_\" or \"+\", with a letter or a digit at both ends."},
    CatalogueText{"reserved", "« {local} » est réservé aux messages pour les responsables : faites-en une adresse de redirection.",
                  "\"{local}\" is reserved for messages to the managers: make it an address of redirection."},
    CatalogueText{"domain", "L'adresse doit se terminer par un domaine de l'association : {domains}.",
                  "The address must end with a domain of the association: {domains}."},
    CatalogueText{"no_domain", "L'association n'a pas encore de domaine. Demandez à l'administrateur d'en ajouter un.",
                  "The association has no domain yet. Ask the admin to add one."},
    CatalogueText{"not_a_member", "« {login} » n'est pas membre de l'association. Invitez d'abord cette personne.",
                  "\"{login}\" is not a member of the association. Invite this person first."},
    CatalogueText{"ceiling", "Il y en a déjà {max} : c'est le maximum. Rien n'a été ajouté.",
                  "There are {max} already: that is the limit. Nothing was added."},
    CatalogueText{"space_range", "La place d'une boîte va de {min} à {max}.", "The room of a mailbox is from {min} to {max}."},
    CatalogueText{"unknown_here", "{address} n'existe pas dans cette maison. Vérifiez l'adresse, ou créez-la d'abord.",
                  "{address} does not exist in this house. Check the address, or make it first."},
    CatalogueText{"leads_nowhere", "Les messages à {address} n'arrivent chez personne. Indiquez d'abord où ils vont, ou prenez une autre adresse.",
                  "Messages to {address} reach nobody. Say first where they go, or take another address."},
    CatalogueText{"loop", "Les messages reviendraient à {start} par {address}. Retirez cette adresse.",
                  "Messages would come back to {start} by way of {address}. Leave this address out."},
    CatalogueText{"no_forward", "Personne ne demande plus de copie vers {address}. Rien n'a été changé.",
                  "Nobody asks for a copy to {address} any more. Nothing was changed."},
    CatalogueText{"no_target", "Il faut au moins une adresse.", "At least one address is needed."},
    CatalogueText{"alias_former", "C'est l'adresse qu'une boîte avait avant : retirez-la, puis ajoutez une redirection avec la nouvelle adresse.",
                  "A mailbox had this address before: remove it, then add a redirection with the new address."},
    CatalogueText{"alias_in_group", "Le groupe « {group} » envoie à cette adresse. Retirez-la d'abord du groupe, puis donnez-lui la nouvelle.",
                  "The group \"{group}\" sends to this address. Take it out of the group first, then give the group the new one."},
    CatalogueText{"nothing_asked", "Rien n'était à changer : indiquez ce qui doit changer.", "Nothing to change: say what to change."},
    CatalogueText{"pending", "C'est enregistré, mais le courrier n'en tient pas encore compte : le disque est plein ou ne répond pas. "
                             "La maison réessaie toute seule. Prévenez l'administrateur si cela dure.",
                  "It is saved, but mail does not follow it yet: the disk is full or does not answer. The house tries again by "
                  "itself. Tell the admin if it lasts."},
    CatalogueText{"disk", "Le disque du serveur est plein ou ne répond pas. Rien n'a été changé. Prévenez l'administrateur "
                          "(référence {reference}).",
                  "The server's disk is full or does not answer. Nothing was changed. Tell the admin (reference {reference})."},
    CatalogueText{"member_unknown", "Le courrier ne connaît pas encore ce compte. Réessayez dans un instant.",
                  "Mail does not know this account yet. Try again in a moment."},
    CatalogueText{"no_app_password", "Ce mot de passe d'application n'existe pas (ou plus).",
                  "There is no such app password (any more)."},
    // Health, for admins.
    CatalogueText{"health_database", "La base de données ne répond pas comme il faut : {error}. Regardez : hameau logs mail.",
                  "The database does not answer as it should: {error}. Look: hameau logs mail."},
    CatalogueText{"health_behind", "Des changements attendent d'être écrits : le disque est peut-être plein. Regardez : hameau logs mail.",
                  "Changes wait to be written: the disk may be full. Look: hameau logs mail."},
    CatalogueText{"health_addresses", "Ces adresses ne mènent à personne, n'existent pas, ou sont données deux fois : {addresses}. "
                                      "Changez-les ou retirez-les sur la page Courrier.",
                  "These addresses lead to nobody, do not exist, or are given twice: {addresses}. Change or remove them on the page Mail."},
    CatalogueText{"health_postfix_silent", "Postfix ne répond pas sur le port {port} ({said}). Les autres serveurs gardent les messages "
                                           "et réessaient. Regardez : hameau logs postfix ; puis : hameau restart postfix.",
                  "Postfix does not answer on port {port} ({said}). Other servers keep the messages and try again. Look: hameau logs "
                  "postfix; then: hameau restart postfix."},
    CatalogueText{"health_postfix_refuses", "Postfix ne prend pas le courrier de la maison ({said}). Les autres serveurs gardent les "
                                            "messages et réessaient. Regardez : hameau logs postfix ; puis : hameau restart postfix.",
                  "Postfix does not take the house's mail ({said}). Other servers keep the messages and try again. Look: hameau logs "
                  "postfix; then: hameau restart postfix."},
    CatalogueText{"health_dovecot", "Dovecot ne répond pas comme il faut sur le port {port} ({said}). Personne ne peut lire son "
                                    "courrier, rien n'est perdu. Regardez : hameau logs dovecot ; puis : hameau restart dovecot.",
                  "Dovecot does not answer as it should on port {port} ({said}). Nobody can read their mail, nothing is lost. Look: "
                  "hameau logs dovecot; then: hameau restart dovecot."},
};

} // namespace

const Catalogue mail_catalogue = texts;

} // namespace hameau::mail
