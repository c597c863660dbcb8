import { accountsApplicationsDelete } from './accounts_applications_delete.ts'
import { accountsApplicationsList } from './accounts_applications_list.ts'
import { accountsCreate } from './accounts_create.ts'
import { accountsDelete } from './accounts_delete.ts'
import { accountsDeletePassword } from './accounts_delete_password.ts'
import { accountsDisable } from './accounts_disable.ts'
import { accountsEnable } from './accounts_enable.ts'
import { accountsGet } from './accounts_get.ts'
import { accountsImport } from './accounts_import.ts'
import { accountsInvite } from './accounts_invite.ts'
import { accountsList } from './accounts_list.ts'
import { accountsResetPassword } from './accounts_reset_password.ts'
import { accountsSetPassword } from './accounts_set_password.ts'
import { accountsUpdate } from './accounts_update.ts'
import { auditList } from './audit_list.ts'
import { clientsCreate } from './clients_create.ts'
import { clientsDelete } from './clients_delete.ts'
import { clientsGet } from './clients_get.ts'
import { clientsList } from './clients_list.ts'
import { clientsRotate } from './clients_rotate.ts'
import { clientsUpdate } from './clients_update.ts'
import { connectSessionsCreate } from './connect_sessions_create.ts'
import { connectSessionsGet } from './connect_sessions_get.ts'
import { connectSessionsRedeem } from './connect_sessions_redeem.ts'
import { connectionsActivate } from './connections_activate.ts'
import { connectionsCreate } from './connections_create.ts'
import { connectionsCredentials } from './connections_credentials.ts'
import { connectionsDelete } from './connections_delete.ts'
import { connectionsGet } from './connections_get.ts'
import { connectionsList } from './connections_list.ts'
import { connectionsNext } from './connections_next.ts'
import { connectionsRefresh } from './connections_refresh.ts'
import { connectionsSwitch } from './connections_switch.ts'
import { connectionsTest } from './connections_test.ts'
import { connectionsUpdate } from './connections_update.ts'
import { connectorAppsDelete } from './connector_apps_delete.ts'
import { connectorAppsGet } from './connector_apps_get.ts'
import { connectorAppsSet } from './connector_apps_set.ts'
import { connectorsGet } from './connectors_get.ts'
import { connectorsList } from './connectors_list.ts'
import { emailsDelete } from './emails_delete.ts'
import { emailsList } from './emails_list.ts'
import { emailsSet } from './emails_set.ts'
import { eventsList } from './events_list.ts'
import { factorsDelete } from './factors_delete.ts'
import { factorsList } from './factors_list.ts'
import { forwardAuthTracesCreate } from './forward_auth_traces_create.ts'
import { forwardAuthTracesGet } from './forward_auth_traces_get.ts'
import { groupsCreate } from './groups_create.ts'
import { groupsDelete } from './groups_delete.ts'
import { groupsGet } from './groups_get.ts'
import { groupsList } from './groups_list.ts'
import { groupsUpdate } from './groups_update.ts'
import { identitiesCreate } from './identities_create.ts'
import { identitiesDelete } from './identities_delete.ts'
import { identitiesList } from './identities_list.ts'
import { issuersCreate } from './issuers_create.ts'
import { issuersDelete } from './issuers_delete.ts'
import { issuersGet } from './issuers_get.ts'
import { issuersList } from './issuers_list.ts'
import { issuersUpdate } from './issuers_update.ts'
import { keysCreate } from './keys_create.ts'
import { keysGet } from './keys_get.ts'
import { keysImport } from './keys_import.ts'
import { keysImportBatch } from './keys_import_batch.ts'
import { keysList } from './keys_list.ts'
import { keysRevoke } from './keys_revoke.ts'
import { keysRotate } from './keys_rotate.ts'
import { keysSelf } from './keys_self.ts'
import { keysSelfUsage } from './keys_self_usage.ts'
import { keysUpdate } from './keys_update.ts'
import { keysUsage } from './keys_usage.ts'
import { organizationsAddMember } from './organizations_add_member.ts'
import { organizationsCreate } from './organizations_create.ts'
import { organizationsDelete } from './organizations_delete.ts'
import { organizationsGet } from './organizations_get.ts'
import { organizationsList } from './organizations_list.ts'
import { organizationsMembers } from './organizations_members.ts'
import { organizationsRemoveMember } from './organizations_remove_member.ts'
import { organizationsUpdate } from './organizations_update.ts'
import { routesCreate } from './routes_create.ts'
import { routesDelete } from './routes_delete.ts'
import { routesGet } from './routes_get.ts'
import { routesList } from './routes_list.ts'
import { routesUpdate } from './routes_update.ts'
import { sessionsDelete } from './sessions_delete.ts'
import { sessionsDeleteAll } from './sessions_delete_all.ts'
import { sessionsGet } from './sessions_get.ts'
import { sessionsList } from './sessions_list.ts'
import { signInMethodsCreate } from './sign_in_methods_create.ts'
import { signInMethodsDelete } from './sign_in_methods_delete.ts'
import { signInMethodsGet } from './sign_in_methods_get.ts'
import { signInMethodsList } from './sign_in_methods_list.ts'
import { signInMethodsTest } from './sign_in_methods_test.ts'
import { signInMethodsUpdate } from './sign_in_methods_update.ts'
import { statusGet } from './status_get.ts'
import { webhooksActivate } from './webhooks_activate.ts'
import { webhooksCreate } from './webhooks_create.ts'
import { webhooksDelete } from './webhooks_delete.ts'
import { webhooksDeliveries } from './webhooks_deliveries.ts'
import { webhooksGet } from './webhooks_get.ts'
import { webhooksList } from './webhooks_list.ts'
import { webhooksReplay } from './webhooks_replay.ts'
import { webhooksRotate } from './webhooks_rotate.ts'
import { webhooksTest } from './webhooks_test.ts'
import { webhooksUpdate } from './webhooks_update.ts'

/** Every operation of the management API. Router, OpenAPI and the typed client read this list. */
export const OPERATIONS = [
  statusGet,
  connectorsList,
  connectorsGet,
  connectorAppsSet,
  connectorAppsGet,
  connectorAppsDelete,
  connectSessionsCreate,
  connectSessionsGet,
  connectSessionsRedeem,
  connectionsCreate,
  connectionsList,
  connectionsGet,
  connectionsUpdate,
  connectionsDelete,
  connectionsTest,
  connectionsRefresh,
  connectionsNext,
  connectionsSwitch,
  connectionsActivate,
  connectionsCredentials,
  keysSelf,
  keysSelfUsage,
  keysCreate,
  keysImport,
  keysImportBatch,
  keysList,
  keysGet,
  keysUpdate,
  keysRotate,
  keysRevoke,
  keysUsage,
  accountsCreate,
  accountsList,
  accountsGet,
  accountsUpdate,
  accountsDisable,
  accountsEnable,
  accountsDelete,
  accountsSetPassword,
  accountsDeletePassword,
  accountsImport,
  accountsInvite,
  accountsResetPassword,
  groupsCreate,
  groupsList,
  groupsGet,
  groupsUpdate,
  groupsDelete,
  routesCreate,
  routesList,
  routesGet,
  routesUpdate,
  routesDelete,
  forwardAuthTracesCreate,
  forwardAuthTracesGet,
  issuersCreate,
  issuersList,
  issuersGet,
  issuersUpdate,
  issuersDelete,
  signInMethodsCreate,
  signInMethodsList,
  signInMethodsGet,
  signInMethodsUpdate,
  signInMethodsDelete,
  signInMethodsTest,
  organizationsCreate,
  organizationsList,
  organizationsGet,
  organizationsUpdate,
  organizationsDelete,
  organizationsMembers,
  organizationsAddMember,
  organizationsRemoveMember,
  clientsCreate,
  clientsList,
  clientsGet,
  clientsUpdate,
  clientsRotate,
  clientsDelete,
  sessionsList,
  sessionsGet,
  sessionsDelete,
  sessionsDeleteAll,
  accountsApplicationsList,
  accountsApplicationsDelete,
  identitiesList,
  identitiesCreate,
  identitiesDelete,
  emailsList,
  emailsSet,
  emailsDelete,
  factorsList,
  factorsDelete,
  auditList,
  eventsList,
  webhooksCreate,
  webhooksList,
  webhooksGet,
  webhooksUpdate,
  webhooksDelete,
  webhooksRotate,
  webhooksTest,
  webhooksActivate,
  webhooksDeliveries,
  webhooksReplay,
] as const

export type Operations = typeof OPERATIONS
